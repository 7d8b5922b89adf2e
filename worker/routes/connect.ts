/** `GET /v1/connect`: checks the token, then passes the WebSocket to the device's object (docs/protocol.md, section 2). */
import { openCredential } from "../../core/identity/credential.ts";
import { deviceName } from "../../core/identity/device-id.ts";
import type { Keyring } from "../../core/identity/keyring.ts";
import { LINK_SUBPROTOCOL } from "../../objects/close.ts";
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import { toBase64Url } from "../../schema/text.ts";
import type { Handlers, MeshContext } from "../context.ts";
import { asMeshError } from "../problem.ts";
import { isUpgrade, offeredBy, offeredToken } from "../request/upgrade.ts";
import { requireRoom } from "../room.ts";
import { connectClaims, type TokenKind, verifyToken } from "../tokens/device-tokens.ts";

/** @throws MeshError `upgrade_required` or `subprotocol_unsupported`, which are answered over HTTP */
function readToken(request: Request): string {
  if (!isUpgrade(request)) throw new MeshError("upgrade_required");
  const offered = offeredBy(request);
  const token = offeredToken(offered);
  if (token === undefined || !offered.includes(LINK_SUBPROTOCOL)) {
    throw new MeshError("subprotocol_unsupported");
  }
  return token;
}

function connectToken(keyring: Keyring): TokenKind<typeof connectClaims> {
  return {
    typ: "pushmesh-connect+jwt",
    claims: connectClaims,
    key: (_header, { cred }) => openCredential(keyring, cred)?.publicKey,
  };
}

/** @throws MeshError `mesh_full`, `token_invalid` or `token_expired`, which close the WebSocket */
async function openLink(c: MeshContext, token: string): Promise<Response> {
  const { keyring } = c.get("config");
  if (token.length > LIMITS.TOKEN_CHARS) {
    throw new MeshError("token_invalid", `over ${LIMITS.TOKEN_CHARS} characters`);
  }
  const verified = await verifyToken(
    token,
    connectToken(keyring),
    c.get("receivedAt"),
    c.env.CRYPTO,
  );
  if ("fault" in verified) throw new MeshError(`token_${verified.fault}`, verified.detail);
  const { claims } = verified;
  const credential = openCredential(keyring, claims.cred);
  if (credential === undefined) throw new MeshError("token_invalid");

  const name = deviceName(credential.deviceId);
  requireRoom(c, name);
  return await c.env.LINK_HOST.open(c.req.raw, name, {
    generation: credential.generation,
    publicKey: toBase64Url(credential.publicKey),
    tokenId: claims.jti,
    tokenExpires: claims.exp,
  });
}

export const connect: Handlers<"openLink"> = {
  async openLink(c) {
    const token = readToken(c.req.raw);
    try {
      return await openLink(c, token);
    } catch (error) {
      return c.env.LINK_HOST.refuse(c.req.raw, asMeshError(error, c.req.raw));
    }
  },
};
