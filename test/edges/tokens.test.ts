/** Tokens and grants that an app's server signs before, during and after a change of the mesh's keys, at two edges of which one is ahead. */
import { test } from "vitest";
import { listenLive } from "../../sdk/device/live/mod.ts";
import { connect, memoryStorage } from "../../sdk/device/mod.ts";
import { type Edge, startEdges } from "./support.ts";

const [old, fresh] = [`1:${"A".repeat(42)}E`, `2:${"B".repeat(42)}E`];
/** What a process has before, between and after the two steps of docs/operations/README.md. */
const BEFORE = old;
const BETWEEN = `${fresh};accept,${old}`;
const AFTER = `${fresh},${old}`;
const TAG = "only-with-a-token";

interface Device {
  readonly regId: string;
  readonly storage: ReturnType<typeof memoryStorage>;
}

/** A listener with a token, once it listens. Rejects if it is refused. */
async function listening({ url }: Edge, appId: string, token: string) {
  const heard = Promise.withResolvers<unknown>();
  const ready = Promise.withResolvers<void>();
  const listener = listenLive({
    ...{ url, appId, tag: TAG, token },
    onMessage: ({ data }) => heard.resolve(data),
    onState: (state) => {
      if (state.name === "listening") ready.resolve();
      if (state.name === "closed" && "error" in state) ready.reject(state.error);
    },
  });
  await ready.promise;
  return { heard: heard.promise, close: () => listener.close() };
}

test.for([
  ["the objects first", [BETWEEN, BEFORE], [AFTER, BETWEEN]],
  ["the objects last", [BEFORE, BETWEEN], [BETWEEN, AFTER]],
] as const)(
  "S41 P7.9 S11 S1 listen tokens and grants of each stage are good at every later one, %s",
  async ([, firstStep, secondStep], { expect, onTestFinished }) => {
    let edges = await startEdges(onTestFinished, [BEFORE, BEFORE]);
    const { appId } = await edges.one.admin.createApp("rolling");
    const key = await edges.one.admin.createKey(appId, { algorithm: "hmac-sha256" });
    const signed: { readonly token: string; readonly grant: string }[] = [];
    const devices: Device[] = [];

    const hear = async (here: Edge, there: Edge): Promise<void> => {
      const listeners = await Promise.all(signed.map(({ token }) => listening(here, appId, token)));
      await there.server(key).broadcast({ to: { tag: TAG }, data: there.url });
      for (const { heard, close } of listeners) {
        expect(await heard).toBe(there.url);
        close();
      }
    };
    /** With a grant: a new device, or one that registered at an earlier stage. */
    const register = async (here: Edge, there: Edge, grant: string, device?: Device) => {
      const { storage = memoryStorage() } = device ?? {};
      const tag = `granted-${signed.length}`;
      const client = await connect({ url: here.url, appId, storage, grant: () => grant });
      const regId = await client.register({ renew: true });
      await client.subscribe(tag);
      const described = await there.server(key).registration(device?.regId ?? regId);
      expect(described).toMatchObject({ tags: expect.arrayContaining([tag]) });
      await client.close();
      return { regId, storage };
    };

    for (const stage of [
      null,
      firstStep,
      [BETWEEN, BETWEEN],
      secondStep,
      [AFTER, AFTER],
    ] as const) {
      if (stage !== null) edges = await edges.rekey(stage);
      const { one, two } = edges;
      const server = one.server(key);
      const grant = await server.grant({ tags: [{ prefix: "granted-" }] });
      signed.push({ token: await server.tags.listenToken(TAG), grant });
      for (const [here, there] of [
        [one, two],
        [two, one],
      ] as const) {
        await hear(here, there);
        await Promise.all([
          ...devices.map((device) => register(here, there, grant, device)),
          ...signed.map((each) => register(here, there, each.grant)),
        ]);
      }
      devices.push(await register(one, two, grant), await register(two, one, grant));
    }
  },
);
