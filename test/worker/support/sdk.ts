/** The server SDK with the edge under test in the place of a network. */
import { MeshAdmin, PushServer, type ServerHost } from "../../../sdk/server/mod.ts";
import { env, fetchCounting, ORIGIN } from "./mesh.ts";

/** The SDK's calls go to the real edge; `meddle` may lose them, before or after the mesh has seen them. */
export function hostOf(
  meddle: (n: number, pass: () => Promise<Response>) => Promise<Response> = (_, pass) => pass(),
) {
  const pauses: number[] = [];
  let calls = 0;
  const host: Partial<ServerHost> = {
    fetch: (url, init) =>
      meddle(++calls, async () => (await fetchCounting(new Request(url, init as never))).response),
    sleep: async (ms) => {
      pauses.push(ms);
    },
    random: () => 0.5,
  };
  return { host, pauses, calls: () => calls };
}

export const admin = new MeshAdmin({ url: ORIGIN, token: env.ADMIN_TOKEN, host: hostOf().host });

/** An app, and its server. */
export async function appAndServer(name: string) {
  const { appId } = await admin.createApp(name, { policy: "open" });
  const { keyId, secret: key = "" } = await admin.createKey(appId);
  const push = new PushServer({ url: ORIGIN, keyId, key, host: hostOf().host });
  return { appId, keyId, key, push };
}
