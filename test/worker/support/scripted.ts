/** Objects that answer by a script, for what real ones do only when something is wrong with them. */
import type { Holder } from "../../../core/alias/types.ts";
import { openAppId } from "../../../core/identity/app-id.ts";
import { type Keyring, keyringOf } from "../../../core/identity/keyring.ts";
import { sealRegId } from "../../../core/identity/reg-id.ts";
import type { DeviceRpc } from "../../../objects/interfaces/rpc.ts";
import { fromBase64Url, toBase64Url } from "../../../schema/text.ts";
import type { Env, ObjectNamespace } from "../../../worker/env.ts";
import type { TestApp } from "./app.ts";
import { env } from "./mesh.ts";

export function testKeyring(): Keyring {
  const keyring = keyringOf(env.MESH_KEYS);
  if (typeof keyring === "string") throw new Error(keyring);
  return keyring;
}

/** The app's 8 bytes. */
export function appBytes({ appId }: Pick<TestApp, "appId">): Uint8Array {
  const app = openAppId(testKeyring(), appId);
  if (app === undefined) throw new Error(`${appId} is of another mesh`);
  return app;
}

/** A holder that never was: its device is made of one number. */
export function holder(n: number, generation = 1): Holder {
  const id = new Uint8Array(16);
  new DataView(id.buffer).setUint32(0, n);
  return { device: toBase64Url(id), generation };
}

export function regIdOf(app: Pick<TestApp, "appId">, { device, generation }: Holder): string {
  const deviceId = fromBase64Url(device) ?? new Uint8Array();
  return sealRegId(testKeyring(), { deviceId, app: appBytes(app), generation });
}

/** Devices whose calls go to these functions, with the name of the device before the request. */
export function devices(
  script: {
    readonly [Method in keyof DeviceRpc]?: (
      device: string,
      ...request: Parameters<DeviceRpc[Method]>
    ) => ReturnType<DeviceRpc[Method]>;
  },
): ObjectNamespace<DeviceRpc> {
  const methods = Object.entries(script) as [string, (...all: unknown[]) => unknown][];
  return {
    getByName: (name) =>
      Object.fromEntries(
        methods.map(([method, run]) => [method, (request: unknown) => run(name, request)]),
      ) as unknown as DeviceRpc,
  };
}

/** Aliases that are all held by those of these lists, one after the other; the last one stands. */
export function aliases(...lists: readonly Holder[][]): Pick<Env, "ALIASES"> & { asked: number } {
  const made = {
    asked: 0,
    ALIASES: {
      getByName: () => ({
        holders: async () => {
          const holders = lists[Math.min(made.asked++, lists.length - 1)] ?? [];
          return { shared: true, holders };
        },
      }),
    } as unknown as Env["ALIASES"],
  };
  return made;
}
