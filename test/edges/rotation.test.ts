/** A change of the mesh's keys that rolls over the edges: one has the new list, the other and the objects have not, or the other way round. */
import { test } from "vitest";
import { listenLive } from "../../sdk/device/live/mod.ts";
import { connect, memoryStorage } from "../../sdk/device/mod.ts";
import { type Edge, startEdges } from "./support.ts";

const [old, fresh] = [`1:${"A".repeat(42)}E`, `2:${"B".repeat(42)}E`];
/** The second step of docs/operations/README.md, which one has taken and the other has not. */
const BEFORE = `${fresh};accept,${old}`;
const AFTER = `${fresh},${old}`;

const statusOf = (answer: { readonly status: string }) => answer.status;

/** What a live listener at an edge hears first. */
function listening(edge: Edge, appId: string, tag: string) {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const ready = Promise.withResolvers<void>();
  const listener = listenLive({
    url: edge.url,
    appId,
    tag,
    onMessage: ({ data }) => resolve(data),
    onState: (state) => {
      if (state.name === "listening") ready.resolve();
      if (state.name === "closed" && "error" in state) reject(state.error);
    },
  });
  return { heard: promise, ready: ready.promise, close: () => listener.close() };
}

test.for([
  ["made by the edge that is ahead, as the objects are", [AFTER, BEFORE], false],
  ["made by the edge that is behind the other and the objects", [AFTER, BEFORE], true],
  ["made by the edge that is behind, as the objects are", [BEFORE, AFTER], false],
  ["made by the edge that is ahead of the other and the objects", [BEFORE, AFTER], true],
] as const)(
  "S41 P7.9 the other edge refuses nothing, %s",
  async ([, keys, isSecond], { expect, onTestFinished }) => {
    const { one, two } = await startEdges(onTestFinished, keys);
    const [here, there] = isSecond ? [two, one] : [one, two];
    const { appId } = await here.admin.createApp("rolling", { policy: "open" });
    // Its secret is sealed by the objects, and read by both edges.
    const key = await here.admin.createKey(appId, { algorithm: "hmac-sha256" });
    const storage = memoryStorage();
    const got: unknown[] = [];
    const first = await connect({ url: here.url, appId, storage });
    first.onMessage(({ data }) => {
      got.push(data);
    });
    const regId = await first.register();
    await first.subscribe("news");
    const sent = await there.server(key).send({ to: regId, data: "there" });
    expect(statusOf(sent)).toBe("delivered");
    expect(statusOf(await here.server(key).status(sent.id))).toBe("delivered");
    await there.server(key).aliases.add("me", regId);
    const { results } = await here.server(key).send({ to: { alias: "me" }, data: "alias" });
    expect(results).toMatchObject([{ status: "delivered" }]);

    await there.server(key).tags.setLive("news", "open");
    const listeners = [here, there].map((edge) => listening(edge, appId, "news"));
    await Promise.all(listeners.map(({ ready }) => ready));
    const broadcast = await there.server(key).broadcast({ to: { tag: "news" }, data: "all" });
    expect(await Promise.all(listeners.map(({ heard }) => heard))).toEqual(["all", "all"]);
    for (const { close } of listeners) close();
    for (const edge of [here, there]) {
      await expect
        .poll(async () => statusOf(await edge.server(key).status(broadcast.id)))
        .toBe("sent");
    }
    await first.close();

    // The same device, with the credential that the first edge gave it, by the other.
    const again = await connect({ url: there.url, appId, storage });
    again.onMessage(({ data }) => {
      got.push(data);
    });
    await again.register();
    expect(statusOf(await here.server(key).send({ to: regId, data: "again" }))).toBe("delivered");
    expect(got.sort()).toEqual(["again", "alias", "all", "there"]);
    await again.close();
  },
);
