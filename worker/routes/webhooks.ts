/** `/v1/webhooks`: the webhooks of the app that signs. */
import { webhookName, webhookNames } from "../../core/webhook/names.ts";
import { formatWebhookSecret } from "../../core/webhook/sign.ts";
import type { EndpointAnswer, EndpointHealth, ListedEndpoint } from "../../core/webhook/types.ts";
import { shardsOf } from "../../objects/bindings.ts";
import type { WebhookRpc } from "../../objects/interfaces/rpc.ts";
import { MeshError } from "../../schema/errors.ts";
import {
  type DeadLettersBody,
  type ReplayAnswerBody,
  ROUTES,
  type WebhookBody,
  type WebhookStateBody,
  type WebhooksAnswerBody,
  type WebhookTestBody,
  type WebhookWithSecretBody,
} from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { audit } from "../admin/audit.ts";
import { beginChange } from "../calls/changes.ts";
import { callInTime, onceInTime, refusal } from "../calls/objects.ts";
import type { Handlers, MeshContext } from "../context.ts";
import { parseBody, parseQuery } from "../request/body.ts";
import { type Caller, readCaller, readSigned } from "../request/signed.ts";

/** A test waits for the receiver's answer. */
const TEST_MS = LIMITS.WEBHOOK_ANSWER_MS + LIMITS.CALL_MS;

const objectOf = (c: MeshContext, name: string): WebhookRpc => c.env.WEBHOOKS.getByName(name);

/** The object that has the endpoints. */
const first = (c: MeshContext, { appName }: Caller): WebhookRpc => objectOf(c, appName);

const idOf = (c: MeshContext): string => c.req.param("webhookId") ?? "";

const answerOf = ({
  id,
  url,
  events,
  description,
  createdAt,
  disabled,
}: ListedEndpoint): WebhookBody => ({
  id,
  url,
  events,
  description,
  createdAt,
  disabled,
});

/** @throws MeshError as the object refuses it, or `webhook_not_found` */
function accepted(answer: EndpointAnswer): Extract<EndpointAnswer, { readonly ok: true }> {
  if (answer === null) throw new MeshError("webhook_not_found");
  if (!answer.ok) {
    if (answer.code === "webhook_url_refused")
      throw new MeshError(answer.code, answer.detail, { field: "url" });
    throw refusal(answer);
  }
  return answer;
}

function withSecret(answer: EndpointAnswer): WebhookWithSecretBody {
  const { endpoint, secret = new Uint8Array() } = accepted(answer);
  return { ...answerOf(endpoint), secret: formatWebhookSecret(secret) };
}

/** The host of a URL, for the audit log: the rest of it may be secret. */
const hostOf = (url: string): string => new URL(url).host;

async function createWebhook(c: MeshContext): Promise<Response> {
  const { schema, maxBytes } = ROUTES.createWebhook.body;
  const { caller, bytes } = await readSigned(c, maxBytes);
  const { disabled, ...settings } = parseBody(schema, bytes);
  await beginChange(c, caller);
  // Not retried: if only the answer was lost, a second call would create a webhook that nobody knows of.
  const created = withSecret(await onceInTime(() => first(c, caller).create(settings)));
  if (disabled) await callInTime(() => first(c, caller).change(created.id, { disabled }));
  await audit(c, "webhook.create", created.id, { detail: hostOf(created.url) });
  c.header("cache-control", "no-store");
  c.header("location", `/v1/webhooks/${created.id}`);
  return c.json(created, 201);
}

async function listWebhooks(c: MeshContext): Promise<Response> {
  const caller = await readCaller(c);
  const endpoints = await callInTime(() => first(c, caller).endpoints());
  return c.json({ webhooks: endpoints.map(answerOf) } satisfies WebhooksAnswerBody);
}

/** @throws MeshError `webhook_not_found` */
async function endpointOf(c: MeshContext, caller: Caller): Promise<ListedEndpoint> {
  const endpoints = await callInTime(() => first(c, caller).endpoints());
  const found = endpoints.find(({ id }) => id === idOf(c));
  if (found === undefined) throw new MeshError("webhook_not_found");
  return found;
}

async function getWebhook(c: MeshContext): Promise<Response> {
  const caller = await readCaller(c);
  const endpoint = await endpointOf(c, caller);
  const names = webhookNames(caller.appName, shardsOf(c.env));
  const all = await Promise.all(names.map((name) => callInTime(() => objectOf(c, name).health())));
  const health = all.flat().filter((each) => each.endpoint === endpoint.id);
  return c.json({ ...answerOf(endpoint), ...sumOf(health) } satisfies WebhookStateBody);
}

/** The health in all objects together. */
function sumOf(health: readonly EndpointHealth[]) {
  const sum = (field: "dead" | "dropped" | "waiting") =>
    health.reduce((total, each) => total + each[field], 0);
  const failing = health.flatMap(({ failingSince }) => failingSince ?? []);
  const failures = health.flatMap(({ lastFailure }) => lastFailure ?? []);
  return {
    waiting: sum("waiting"),
    dead: sum("dead"),
    dropped: sum("dropped"),
    failingSince: failing.length === 0 ? null : Math.min(...failing),
    lastFailure: failures.sort((a, b) => b.at - a.at)[0] ?? null,
  };
}

async function changeWebhook(c: MeshContext): Promise<Response> {
  const { schema, maxBytes } = ROUTES.changeWebhook.body;
  const { caller, bytes } = await readSigned(c, maxBytes);
  const settings = parseBody(schema, bytes);
  await beginChange(c, caller);
  const changing = await callInTime(() => first(c, caller).change(idOf(c), settings));
  const changed = answerOf(accepted(changing).endpoint);
  await audit(c, "webhook.change", changed.id, { detail: hostOf(changed.url) });
  return c.json(changed);
}

async function deleteWebhook(c: MeshContext): Promise<Response> {
  const caller = await readCaller(c);
  await beginChange(c, caller);
  const removed = await onceInTime(() => first(c, caller).remove(idOf(c)));
  if (removed === null) throw new MeshError("webhook_not_found");
  await audit(c, "webhook.delete", removed.id, { detail: hostOf(removed.url) });
  return c.body(null, 204);
}

async function rotateWebhook(c: MeshContext): Promise<Response> {
  const { schema, maxBytes } = ROUTES.rotateWebhook.body;
  const { caller, bytes } = await readSigned(c, maxBytes);
  const { overlapSeconds } = parseBody(schema, bytes);
  await beginChange(c, caller);
  const overlapMs = overlapSeconds * 1_000;
  const rotated = withSecret(await onceInTime(() => first(c, caller).rotate(idOf(c), overlapMs)));
  await audit(c, "webhook.rotate", rotated.id, { detail: `overlap ${overlapSeconds} s` });
  c.header("cache-control", "no-store");
  return c.json(rotated);
}

async function testWebhook(c: MeshContext): Promise<Response> {
  const { schema, maxBytes } = ROUTES.testWebhook.body;
  const { caller, bytes } = await readSigned(c, maxBytes);
  parseBody(schema, bytes);
  await beginChange(c, caller);
  const answer = await onceInTime(() => first(c, caller).test(idOf(c)), TEST_MS);
  if (answer === null) throw new MeshError("webhook_not_found");
  if ("ok" in answer) throw refusal(answer);
  return c.json(answer satisfies WebhookTestBody);
}

async function listDeadLetters(c: MeshContext): Promise<Response> {
  const caller = await readCaller(c);
  const { limit, cursor } = parseQuery(ROUTES.listDeadLetters.query, c.req.url);
  const { id } = await endpointOf(c, caller);
  const [shard = 0, after = 0] = (cursor ?? "0.0").split(".").map(Number);
  const shards = shardsOf(c.env);
  const found: DeadLettersBody["deadLetters"][number][] = [];
  // One object after another, each in the order in which the events were accepted.
  for (let at = shard, from = after; at < shards; at++, from = 0) {
    const query = { endpoint: id, after: from, limit: limit - found.length };
    const name = webhookName(caller.appName, at);
    const { letters, next } = await callInTime(() => objectOf(c, name).deadLetters(query));
    for (const { endpoint: _, ...letter } of letters)
      found.push(letter as DeadLettersBody["deadLetters"][number]);
    if (next !== null) return pageOf(c, found, `${at}.${next}`);
    if (found.length === limit && at + 1 < shards) return pageOf(c, found, `${at + 1}.0`);
  }
  return pageOf(c, found, null);
}

const pageOf = (
  c: MeshContext,
  deadLetters: DeadLettersBody["deadLetters"],
  next: string | null,
): Response => c.json({ deadLetters, next } satisfies DeadLettersBody);

async function replayDeadLetters(c: MeshContext): Promise<Response> {
  const { schema, maxBytes } = ROUTES.replayDeadLetters.body;
  const { caller, bytes } = await readSigned(c, maxBytes);
  const { ids = null } = parseBody(schema, bytes);
  const { id } = await endpointOf(c, caller);
  await beginChange(c, caller);
  const names = webhookNames(caller.appName, shardsOf(c.env));
  const request = { ids, endpoint: id };
  const answers = await Promise.all(
    names.map((name) => callInTime(() => objectOf(c, name).replay(request))),
  );
  const replayed = answers.reduce((sum, answer) => sum + answer.replayed, 0);
  const more = answers.some((answer) => answer.more);
  if (replayed > 0) await audit(c, "webhook.replay", id, { detail: `${replayed}` });
  return c.json({ replayed, more } satisfies ReplayAnswerBody);
}

export const webhooks: Handlers<
  | "changeWebhook"
  | "createWebhook"
  | "deleteWebhook"
  | "getWebhook"
  | "listDeadLetters"
  | "listWebhooks"
  | "replayDeadLetters"
  | "rotateWebhook"
  | "testWebhook"
> = {
  ...{ createWebhook, listWebhooks, getWebhook, changeWebhook, deleteWebhook },
  ...{ rotateWebhook, testWebhook, listDeadLetters, replayDeadLetters },
};
