/** `/v1/messages/link`: opens sender links. */
import { parseKeyId } from "../../core/identity/app-id.ts";
import { MeshError } from "../../schema/errors.ts";
import { beginChange } from "../calls/changes.ts";
import type { Handlers, MeshContext } from "../context.ts";
import { networkOf } from "../request/network.ts";
import { readCaller } from "../request/signed.ts";
import { isUpgrade, offeredBy } from "../request/upgrade.ts";
import { SenderSession } from "../sender/session.ts";

/** The subprotocol of a sender link. */
const PROTOCOL = "pushmesh.send.v1";

async function openSenderLink(c: MeshContext): Promise<Response> {
  const request = c.req.raw;
  const caller = await readCaller(c);
  // A client that cannot read a refused upgrade asks again without one: only then does it learn whether its signature counts.
  if (!isUpgrade(request)) throw new MeshError("upgrade_required");
  if (!offeredBy(request).includes(PROTOCOL))
    throw new MeshError("subprotocol_unsupported", `offer ${PROTOCOL}`);
  const { verifier, nonce } = caller.verified;
  const appId = parseKeyId(verifier.keyId)?.appId ?? "";
  const address = c.env.ADDRESS_OF?.(request) ?? null;
  const network = address === null ? null : networkOf(address);
  const links = c.env.SENDERS;
  const leave = links.take({ app: caller.appName, network });
  try {
    if (verifier.algorithm !== "bearer") {
      if (nonce === undefined) throw new MeshError("nonce_required", "the signature has no nonce");
      // Whoever has copied the request gets no link of its own.
      await beginChange(c, caller);
    }
    const session = new SenderSession(c, links, caller, { appId, leave });
    try {
      const { socket, answer } = links.host.accept(request, PROTOCOL, session);
      session.begun(socket);
      // Told in results, not in the headers of this answer.
      c.set("quota", undefined);
      return answer;
    } catch (error) {
      session.closed();
      throw error;
    }
  } catch (error) {
    leave();
    throw error;
  }
}

export const senderLink: Handlers<"openSenderLink"> = { openSenderLink };
