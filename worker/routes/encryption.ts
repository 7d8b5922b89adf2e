/** The keys to which app servers encrypt messages. */
import { MeshError } from "../../schema/errors.ts";
import type { EncryptionKeyAnswerBody } from "../../schema/http.ts";
import { describeRegistration } from "../calls/registrations.ts";
import type { Handlers } from "../context.ts";

export const encryption: Handlers<"getEncryptionKey"> = {
  async getEncryptionKey(c) {
    const { encryptionKey } = await describeRegistration(c);
    if (!encryptionKey) throw new MeshError("encryption_key_missing");
    const { publicKey, auth, publishedAt } = encryptionKey;
    return c.json({ publicKey, auth, publishedAt } satisfies EncryptionKeyAnswerBody);
  },
};
