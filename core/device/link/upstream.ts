/** Messages from a device to its app's server: passed to the app's webhooks at once, and answered when they are stored there. */
import { MeshError } from "../../../schema/errors.ts";
import { ContentType, type Upstream } from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { toBase64, toBase64Url } from "../../../schema/text.ts";
import type { OnAnswer } from "../../channels/push.ts";
import type { CallResult, Context } from "../../link/effects.ts";
import type { Refused } from "../../message/refusal.ts";
import { webhookNameOf } from "../../webhook/names.ts";
import type { Calls } from "../calls.ts";
import { eventId } from "../events/receipts.ts";
import type { DeviceIdentity } from "../identity.ts";
import type { Registration } from "../registration.ts";

export interface UpstreamParts {
  readonly calls: Calls;
  readonly identity: DeviceIdentity;
  /** The name of the device's object. */
  readonly name: string;
  /** 0 to 1, different for each device. */
  readonly spread: number;
  /** How many objects the webhooks of an app are spread over. */
  readonly webhookShards: number;
}

/** When the device should retry if the webhooks did not answer. */
const AGAIN_MS = 2_000;
const UNANSWERED: Refused = { ok: false, code: "overloaded", retryAfterMs: AGAIN_MS };

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/** @returns a refusal, or null if `onAnswer` gets the answer */
export function sendUpstream(
  { calls, identity, name, spread, webhookShards }: UpstreamParts,
  { record: { app }, generation }: Registration,
  command: Upstream,
  onAnswer: OnAnswer,
  context: Context,
): MeshError | null {
  const content = contentOf(command);
  if (content instanceof MeshError) return content;
  const key = toBase64Url(command.key);
  // The same for a repeated command, however late, so that the webhooks store it once.
  const id = eventId(name, app, generation, key);
  const { regId } = identity.registration(app, generation);
  const event = { id, type: "upstream", at: context.now, regId, key, ...content } as const;
  const request = { packet: id, events: [event], onceMs: LIMITS.UPSTREAM_ONCE_MS };
  const object = webhookNameOf(app, spread, webhookShards);
  const body = { kind: "webhook", name: object, call: { method: "accept", request } } as const;
  const done = (result: CallResult, later: Context): void => {
    const answer = result.ok ? (result.answer as { readonly ok: true } | Refused) : UNANSWERED;
    onAnswer(answer, later);
  };
  calls.enqueue({ begin: () => body, done }, context);
  return null;
}

/** The content as the event carries it. */
function contentOf({
  key,
  contentType,
  data,
}: Upstream): MeshError | { readonly data: unknown } | { readonly dataBase64: string } {
  if (key.length < 1 || key.length > LIMITS.UPSTREAM_KEY_BYTES)
    return new MeshError("command_invalid", `key: 1 to ${LIMITS.UPSTREAM_KEY_BYTES} bytes`);
  if (data.length > LIMITS.DATA_BYTES)
    return new MeshError("command_invalid", `data: at most ${LIMITS.DATA_BYTES} bytes`);
  if (contentType === ContentType.BINARY) return { dataBase64: toBase64(data) };
  try {
    const text = utf8.decode(data);
    return { data: contentType === ContentType.JSON ? (JSON.parse(text) as unknown) : text };
  } catch {
    return new MeshError("command_invalid", "data: is not what contentType says");
  }
}
