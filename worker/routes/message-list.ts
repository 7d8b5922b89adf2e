/** `GET /v1/messages`: lists messages by their label. */
import { webhookNames } from "../../core/webhook/names.ts";
import type { LabelledMessage } from "../../core/webhook/types.ts";
import { shardsOf } from "../../objects/bindings.ts";
import { type MessagesAnswerBody, ROUTES } from "../../schema/http.ts";
import { callInTime } from "../calls/objects.ts";
import type { Handlers, MeshContext } from "../context.ts";
import { parseQuery } from "../request/body.ts";
import { readCaller } from "../request/signed.ts";

/** Newest first, by code units as SQLite compares the IDs, which are ASCII. */
const newestFirst = (a: LabelledMessage, b: LabelledMessage): number =>
  b.at - a.at || (a.id < b.id ? 1 : -1);

/** The place of a message in the list. */
const cursorOf = ({ at, id }: LabelledMessage): string => `${at}~${id}`;

function placeOf(cursor: string): Pick<LabelledMessage, "at" | "id"> {
  const [at, id = ""] = cursor.split("~");
  return { at: Number(at), id };
}

async function listMessages(c: MeshContext): Promise<Response> {
  const caller = await readCaller(c);
  const query = parseQuery(ROUTES.listMessages.query, c.req.url);
  const { label, limit, cursor, after = 0, before = Number.MAX_SAFE_INTEGER } = query;
  const start = cursor === undefined ? { at: before, id: "" } : placeOf(cursor);
  // One more than asked tells whether there is another page.
  const asked = { label, after, before: start, limit: limit + 1 };
  const names = webhookNames(caller.appName, shardsOf(c.env));
  const found = await Promise.all(
    names.map((name) => callInTime(() => c.env.WEBHOOKS.getByName(name).labelled(asked))),
  );
  const all = found.flat().sort(newestFirst);
  const page = all.slice(0, limit);
  const last = page.at(-1);
  const messages = page.map(({ id, regId, at }) => ({ id, to: regId, label, acceptedAt: at }));
  const next = last !== undefined && all.length > limit ? cursorOf(last) : null;
  return c.json({ messages, next } satisfies MessagesAnswerBody);
}

export const messageList: Handlers<"listMessages"> = { listMessages };
