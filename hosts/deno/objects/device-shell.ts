/** The object of a device, in the process that holds them all. */
import { LinkKeys } from "../../../core/identity/link-keys.ts";
import { DeviceShell } from "../../../objects/device/device-shell.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { nodeCipher } from "../frame-cipher.ts";
import { SharedDeviceStore } from "../store/device-store.ts";
import type { Mesh } from "./mesh.ts";
import { MachineRuntime, RowAlarm } from "./runtime.ts";

/** Attaches of a device that wait for no slice, in each second: twice the tags that a device is usually in, as they reconnect together. */
const ATTACHES_AT_ONCE = 40;

/** @returns whether one more attach of the device has to wait for a slice: of 2,000 tags they held the thread for 0.17 s (measured) */
function attachLimit(): () => boolean {
  let since = 0;
  let count = 0;
  return () => {
    const now = performance.now();
    if (now - since > 1_000) [since, count] = [now, 0];
    count++;
    return count > ATTACHES_AT_ONCE;
  };
}

/** @param woke called when it has something to do */
export function deviceOf(mesh: Mesh, name: string, woke: () => void): DeviceShell {
  const isOverAttaches = attachLimit();
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
    }),
    // A link outlives its device's sleep with the shell itself.
    sockets: () => [],
    admit: ({ kind, call }) => {
      if (kind !== "tag") return null;
      if (call.method !== "attach") return mesh.workSlices.enter("joins", name);
      return isOverAttaches() ? mesh.workSlices.enter("attaches", name) : null;
    },
  });
}
