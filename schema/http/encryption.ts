/** `/v1/registrations/{regId}/encryption-key`: the key to which app servers encrypt messages end to end. */
import * as z from "zod";
import { type AnswerOf, lazily, milliseconds } from "./fields.ts";
import { SIGNED } from "./problem.ts";
import type { Route } from "./route.ts";

/** Answer of `GET /v1/registrations/{regId}/encryption-key`. */
export const encryptionKeyAnswer = lazily(() =>
  z.strictObject({
    /** P-256, uncompressed: 65 bytes in base64url, as `p256dh` of a Web Push subscription. */
    publicKey: z.string(),
    /** The authentication secret: 16 bytes in base64url. */
    auth: z.string(),
    publishedAt: milliseconds(),
  }),
);
export type EncryptionKeyAnswerBody = AnswerOf<typeof encryptionKeyAnswer>;

export const encryptionRoutes = {
  getEncryptionKey: {
    method: "GET",
    path: "/v1/registrations/:regId/encryption-key",
    auth: "signature",
    scopes: ["send", "read"],
    summary: "Get the key to which messages for a registration can be encrypted",
    answers: lazily(() => ({
      200: { description: "The key that the device published last.", body: encryptionKeyAnswer() },
    })),
    errors: [
      ...SIGNED,
      "reg_id_invalid",
      "reg_id_foreign",
      "unregistered",
      "encryption_key_missing",
    ],
  },
} as const satisfies Record<string, Route>;
