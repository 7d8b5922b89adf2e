/** ETags of what is polled: whoever has the answer already is told so, without it. */
import { sha256 } from "@noble/hashes/sha2.js";
import { etag } from "hono/etag";

/** Digested here: on Deno, Web Crypto takes a thread for it. Weak, because proxies compress answers. */
export const unlessUnchanged = etag({
  weak: true,
  generateDigest: (body) => sha256(body).slice(0, 16).buffer,
});
