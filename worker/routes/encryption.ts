/** The keys to which app servers encrypt messages. */
import { deviceName } from "../../core/identity/device-id.ts";
import { MeshError } from "../../schema/errors.ts";
import type { EncryptionKeyAnswerBody } from "../../schema/http.ts";
import { refusal, wakeInTime } from "../calls/objects.ts";
import { openOwnRegId } from "../calls/registrations.ts";
import type { Handlers } from "../context.ts";
import { readCaller } from "../request/signed.ts";

export const encryption: Handlers<"getEncryptionKey"> = {
  async getEncryptionKey(c) {
    const caller = await readCaller(c);
    const { deviceId, generation } = openOwnRegId(c, caller, c.req.param("regId") ?? "");
    const name = { app: caller.appName, generation };
    const device = deviceName(deviceId);
    const described = await wakeInTime(c, device, () =>
      c.env.DEVICES.getByName(device).describe(name),
    );
    if (!described.ok) throw refusal(described);
    if (!described.encryptionKey) throw new MeshError("encryption_key_missing");
    const { publicKey, auth, publishedAt } = described.encryptionKey;
    return c.json({ publicKey, auth, publishedAt } satisfies EncryptionKeyAnswerBody);
  },
};
