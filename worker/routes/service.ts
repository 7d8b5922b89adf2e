/** Routes about the mesh itself. */
import { publicLinkKeys } from "../../core/identity/link-keys.ts";
import { LINK_SUBPROTOCOL } from "../../objects/close.ts";
import type { HealthAnswerBody, LinkKeysAnswerBody, ServiceAnswerBody } from "../../schema/http.ts";
import { toBase64Url } from "../../schema/text.ts";
import type { Handlers } from "../context.ts";

/** Much shorter than any rotation of keys, which waits until no process has only the older ones. */
const LINK_KEYS_MAX_AGE_SECONDS = 300;

export const service: Handlers<"getHealth" | "getLinkKeys" | "getService"> = {
  getService: (c) =>
    c.json({
      service: "pushmesh",
      protocol: LINK_SUBPROTOCOL,
      documentation: "/docs/ if it was built; else docs/api.md and docs/protocol.md of pushmesh",
    } satisfies ServiceAnswerBody),

  getHealth: (c) => {
    c.header("cache-control", "no-store");
    return c.json({ status: "ok", now: Date.now() } satisfies HealthAnswerBody);
  },

  getLinkKeys: (c) => {
    c.header("cache-control", `public, max-age=${LINK_KEYS_MAX_AGE_SECONDS}`);
    const keys = publicLinkKeys(c.get("config").keyring).map(({ kid, publicKey }) => ({
      kid,
      publicKey: toBase64Url(publicKey),
    }));
    return c.json({ keys } satisfies LinkKeysAnswerBody);
  },
};
