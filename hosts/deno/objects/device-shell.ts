/** The object of a device, in the process that holds them all. */
import { LinkKeys } from "../../../core/identity/link-keys.ts";
import { attachLimit } from "../../../objects/device/attach-limit.ts";
import { DeviceShell } from "../../../objects/device/device-shell.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { nodeCipher } from "../frame-cipher.ts";
import { SharedDeviceStore } from "../store/device-store.ts";
import type { Mesh } from "./mesh.ts";
import { MachineRuntime, RowAlarm } from "./runtime.ts";

/** @param woke called when it has something to do */
export function deviceOf(mesh: Mesh, name: string, woke: () => void): DeviceShell {
  const mustWait = attachLimit(() => performance.now());
  const runtime = new MachineRuntime(mesh, name, {
    store: (writer) => new SharedDeviceStore(mesh.db, name, writer),
    alarm: (store) => new RowAlarm(mesh.deviceAlarms, store),
    woke,
  });
  return new DeviceShell(runtime, {
    depths: mesh.depths,
    peers: mesh.peers,
    settings: () => ({
      identity: mesh.identities.of(name),
      linkKeys: new LinkKeys(mesh.keyring, name, nodeCipher),
      reconnectFirstMs: LIMITS.RECONNECT_FIRST_MACHINE_MS,
      webhookShards: 1,
    }),
    // A link outlives its device's sleep with the shell itself.
    sockets: () => [],
    admit: ({ kind, call }) => {
      if (kind !== "tag") return null;
      if (call.method !== "attach") return mesh.workSlices.enter("joins", name);
      return mustWait() ? mesh.workSlices.enter("attaches", name) : null;
    },
  });
}
