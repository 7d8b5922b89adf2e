/** To an alias: one call to the device of each holder, at once, and a result for each. */
import { type AliasHolders, type Holder, sameHolder } from "../../core/alias/types.ts";
import type { SendAnswer, SendRequest } from "../../core/device/types.ts";
import { groupKey } from "../../core/identity/message-key.ts";
import { type ErrorCode, MeshError } from "../../schema/errors.ts";
import type { AliasResult, AliasSendAnswerBody } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { formatMessageId } from "../../schema/text.ts";
import type { MeshContext } from "../context.ts";
import { callInTime } from "../objects.ts";
import { isFinal, readPrefer } from "../prefer.ts";
import { asMeshError } from "../problem.ts";
import { regIdOf } from "../registrations.ts";
import { askHolders, knownHolders } from "./holders.ts";
import { messageOf, type Outgoing, requireNoBroadcastFields, type TargetWith } from "./message.ts";

/** What came of the call for one holder. */
interface Sent {
  readonly holder: Holder;
  readonly answer: SendAnswer;
}

/** The device says that it is not, or no more, a holder: the alias has moved since we asked, or is moving. */
const MOVED: readonly ErrorCode[] = ["alias_stale", "unregistered"];
const isReused = ({ answer }: Sent): boolean =>
  !answer.ok && answer.code === "idempotency_key_reused";
const hasMoved = ({ answer }: Sent): boolean => !answer.ok && MOVED.includes(answer.code);

/**
 * Sends to the holders that are known, and once more to whoever holds the alias by then.
 *
 * An alias of one holder that has moved, or is shared by now, is told by that holder, which refuses. Of a shared one nobody but the
 * alias knows who joined: it is asked while its known holders are sent to, which takes no longer and costs one request.
 */
async function sendToHolders(
  c: MeshContext,
  { caller, to }: Pick<Outgoing<TargetWith<"alias">>, "caller" | "to">,
  sendTo: (holder: Holder, shared: boolean) => Promise<Sent>,
): Promise<readonly Sent[]> {
  const ask = () => askHolders(c, caller.appName, to.alias);
  const sendToAll = ({ holders, shared }: AliasHolders) =>
    Promise.all(holders.map((holder) => sendTo(holder, shared)));
  const known = knownHolders(caller.appName, to.alias);
  const first = known ?? (await ask());
  const [sent, joined] = await Promise.all([
    sendToAll(first),
    known?.shared === true ? ask() : undefined,
  ]);
  const moved = sent.some(hasMoved);
  if (!moved && joined === undefined) return sent;
  const { holders, shared } = joined ?? (await ask());
  const done = sent.filter((each) => !hasMoved(each));
  // Of a request that is no repeat of the first there is nothing to bring to those who have joined since.
  if (done.some(isReused)) return done;
  const rest = holders.filter((holder) => !done.some((each) => sameHolder(each.holder, holder)));
  return [...done, ...(await sendToAll({ holders: rest, shared }))];
}

export async function sendToAlias(
  c: MeshContext,
  { caller, basis, fingerprint, to, body, content }: Outgoing<TargetWith<"alias">>,
): Promise<Response> {
  requireNoBroadcastFields(body);
  const key = groupKey(caller.app, { kind: "alias", name: to.alias }, basis);
  const prefer = readPrefer(c.req.header("prefer"));
  const waitUntil = c.get("receivedAt") + prefer.waitMs;
  const request: Omit<SendRequest, "generation" | "waitMs" | "alias"> = {
    app: caller.appName,
    key,
    ...fingerprint,
    ...messageOf({ body, content }),
    onOverflow: body.onOverflow ?? "drop_oldest",
  };
  const sendTo = async (holder: Holder, shared: boolean): Promise<Sent> => {
    const { device, generation } = holder;
    const waitMs = Math.max(0, waitUntil - Date.now());
    const alias = { alias: to.alias, firstAckWins: to.firstAckWins, shared };
    const send: SendRequest = { ...request, generation, waitMs, alias };
    try {
      const answer = await callInTime(
        () => c.env.DEVICES.getByName(device).send(send),
        waitMs + LIMITS.CALL_MS,
      );
      return { holder, answer };
    } catch (error) {
      const { code, message } = asMeshError(error, c.req.raw);
      return { holder, answer: { ok: false, code, detail: message } };
    }
  };
  const sent = await sendToHolders(c, { caller, to }, sendTo);
  if (sent.length === 0) throw new MeshError("alias_unknown");
  // A refusal of all takes effect nowhere. Else each holder's result tells what came of it there.
  if (sent.every(isReused)) throw new MeshError("idempotency_key_reused");

  const results = sent.map(({ holder, answer }): AliasResult => {
    const regId = regIdOf(c, caller, holder);
    if (answer.ok) {
      return { regId, id: formatMessageId({ seq: answer.seq, key, regId }), status: answer.status };
    }
    const { code, message } = new MeshError(answer.code, answer.detail);
    return { regId, error: code, detail: message };
  });
  const waits = results.some((result) => "status" in result && !isFinal(result.status));
  const tookMs = Date.now() - c.get("receivedAt");
  const headers = prefer.applied === null ? {} : { "preference-applied": prefer.applied };
  const answer: AliasSendAnswerBody = { results, tookMs };
  return Response.json(answer, { status: waits ? 202 : 200, headers });
}
