/** Seals the names of a device and its registrations with the mesh's keys. */
import type { DeviceIdentity } from "../../core/device/identity.ts";
import { openAppId, sealAppId } from "../../core/identity/app-id.ts";
import type { Keyring } from "../../core/identity/keyring.ts";
import { identityOf, lastingRegId, sealRegId } from "../../core/identity/reg-id.ts";
import { sealSource } from "../../core/tag/name.ts";
import { fromBase64Url, toBase64Url } from "../../schema/text.ts";

/** @param name name of the device's object: base64url of its device ID */
export function deviceIdentity(keyring: Keyring, name: string): DeviceIdentity {
  return {
    registration: (app, generation) => {
      const parts = { deviceId: bytesOf(name), app: bytesOf(app), generation };
      const regId = sealRegId(keyring, parts);
      return { regId, identity: identityOf(lastingRegId(keyring, parts, regId)) };
    },
    appId: (app) => sealAppId(keyring, bytesOf(app)),
    openAppId: (appId) => {
      const app = openAppId(keyring, appId);
      return app === undefined ? undefined : toBase64Url(app);
    },
    source: (app, tagId) => sealSource(keyring, app, tagId),
  };
}

/** @param text written by this mesh itself */
function bytesOf(text: string): Uint8Array {
  const bytes = fromBase64Url(text);
  if (bytes === undefined) throw new Error("not base64url");
  return bytes;
}
