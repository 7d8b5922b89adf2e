/** Tags and broadcasts as an app on a device has them: by the SDK alone, over lost links, restarts and a killed mesh. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { AliasSendAnswerBody } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { connect, memoryStorage, type PushMessage } from "../../sdk/device/mod.ts";
import { type App, Mesh } from "../chaos/mesh.ts";
import { until } from "../chaos/wait.ts";
import { broadcast as broadcastTo, call } from "./support/listener.ts";

let mesh: Mesh;
let app: App;

beforeAll(async () => {
  mesh = await Mesh.start();
  app = await mesh.app("device-tags");
});

afterAll(() => mesh.stop());

const comes = (what: string, holds: () => boolean | Promise<boolean>) => until(what, holds, 30_000);
const broadcast = (tag: string, data: string) => broadcastTo(mesh.url, app, { tag }, data);

/** A device whose app keeps what it was shown. */
async function device(storage = memoryStorage()) {
  const client = await connect({ url: mesh.url, appId: app.appId, storage });
  onTestFinished(() => client.close());
  const got: PushMessage[] = [];
  client.onMessage((message) => {
    got.push(message);
  });
  const regId = await client.register();
  const of = (tag: string) => got.flatMap((message) => (message.tag === tag ? [message.data] : []));
  return { client, regId, got, of };
}

describe("tags of a device", () => {
  test("T11 T12 as many as may be are joined in several commands, told in several frames, and left", async () => {
    const { client } = await device();
    // Long ones: together they are more than a frame.
    const tags = Array.from({ length: 520 }, (_, i) => `${i}/`.padEnd(LIMITS.TAG_BYTES, "x"));
    await client.subscribe(tags);
    expect([...(await client.describe()).tags].sort()).toEqual([...tags].sort());
    const left = tags.slice(0, LIMITS.SUBSCRIBE_TAGS + 1);
    await client.unsubscribe(left);
    const rest = (await client.describe()).tags;
    expect([...rest].sort()).toEqual(tags.slice(left.length).sort());
    expect(client.state).toBe("connected");
  });

  test("P4.4 what is out of bounds is refused by name, and the link stays", async () => {
    const { client } = await device();
    const refused = async (asked: Promise<unknown>): Promise<unknown> =>
      asked.then(
        () => "taken",
        (error: { code: string }) => error.code,
      );
    expect(await refused(client.subscribe(""))).toBe("tag_invalid");
    expect(await refused(client.subscribe("x".repeat(LIMITS.TAG_BYTES + 1)))).toBe("tag_invalid");
    expect(await refused(client.setAlias(""))).toBe("alias_invalid");
    expect(await refused(client.setAttributes({ appVersion: "one" }))).toBe("attributes_invalid");
    const custom = Object.fromEntries(
      Array.from({ length: LIMITS.ATTRIBUTES + 1 }, (_, i) => [`a${i}`, ""]),
    );
    expect(await refused(client.setAttributes({ custom }))).toBe("attributes_invalid");
    for (let i = 0; i < LIMITS.ALIASES; i++) await client.setAlias(`mine ${i}`);
    expect(await refused(client.setAlias("one more"))).toBe("too_many_aliases");
    expect(client.state).toBe("connected");
  });
});

describe("an alias of two devices", () => {
  test("A3 a message that one has taken is not shown by the other, where it waits behind another", async () => {
    const [quick, busy] = [await device(), await device()];
    await quick.client.setAlias("desk", { shared: true });
    await busy.client.setAlias("desk", { shared: true });
    let free = (): void => {};
    const shown: unknown[] = [];
    busy.client.onMessage(({ data }) => {
      shown.push(data);
      if (data !== "long") return undefined;
      return new Promise<void>((resolve) => {
        free = resolve;
      });
    });
    const sender = mesh.sender(app);
    await sender.send({ to: busy.regId, data: "long" }, { respondAsync: true });
    await comes("the long one", () => shown.length === 1);
    const to = { alias: "desk", firstAckWins: true };
    const response = await call(mesh.url, app, "POST", "/v1/messages", { to, data: "ring" });
    const { results } = (await response.json()) as AliasSendAnswerBody;
    const statusOf = (regId: string) => {
      const result = results.find((each) => each.regId === regId);
      return result !== undefined && "status" in result ? result.status : undefined;
    };
    expect([statusOf(quick.regId), statusOf(busy.regId)]).toEqual(["delivered", "recalled"]);
    expect(quick.got.map(({ data }) => data)).toEqual(["ring"]);
    // The withdrawal may still be on its way. Frames of a link come in order: it is there before this answer.
    await busy.client.describe();
    free();
    const last = await sender.send({ to: busy.regId, data: "last" });
    expect(last.status).toBe("delivered");
    expect(shown).toEqual(["long", "last"]);
  });
});

describe("broadcasts to a device", () => {
  test("P1 P2.1 P3 come once and in order over its restarts and a kill -9 of the mesh", async () => {
    const storage = memoryStorage();
    const first = await device(storage);
    await first.client.subscribe(["a", "b"]);
    const sent: Record<string, string[]> = { a: [], b: [] };
    const send = async (tag: string, data: string) => {
      await broadcast(tag, data);
      sent[tag]?.push(data);
    };
    for (let i = 0; i < 5; i++) for (const tag of ["a", "b"]) await send(tag, `live ${i}`);
    await comes("the first ones", () => first.got.length === 10);
    await first.client.close();
    for (const tag of ["a", "b"]) await send(tag, "while away");

    const second = await device(storage);
    await comes("what was missed", () => second.got.length === 2);
    await send("a", "before the kill");
    await comes("the next", () => second.got.length === 3);
    await mesh.kill(mesh.victims[0]);
    await send("b", "after the kill");
    second.client.reconnectNow();
    await comes("the one after the kill", () => second.got.length === 4);
    await second.client.close();

    const third = await device(storage);
    await send("a", "last");
    await comes("the last", () => third.got.length > 0);
    await third.client.close();
    for (const tag of ["a", "b"]) {
      const shown = [first, second, third].flatMap((each) => each.of(tag));
      expect(shown).toEqual(sent[tag]);
    }
  });

  test("B1 of several tags of one device come once, with the ID that the sender was told", async () => {
    const { client, got } = await device();
    await client.subscribe(["x", "y"]);
    const condition = { any: [{ tag: "x" }, { tag: "y" }] };
    const id = await broadcastTo(mesh.url, app, { condition }, "either");
    await comes("it", () => got.length > 0);
    await broadcast("y", "behind it");
    await comes("the one behind it", () => got.some(({ data }) => data === "behind it"));
    expect(got.map(({ data }) => data)).toEqual(["either", "behind it"]);
    expect(got[0]?.id).toBe(id);
    await broadcastTo(mesh.url, app, { everyone: true }, "all");
    await comes("that to all", () => got.length === 3);
    expect(got[2]?.tag).toBe("");
  });

  test("P1 whose handler fails are shown again, and hold back no message", async () => {
    const { client, regId } = await device();
    await client.subscribe("careful");
    const calls: unknown[] = [];
    let broken = true;
    client.onError(() => {});
    client.onMessage(({ data }) => {
      calls.push(data);
      if (broken && data === "no") throw new Error("not yet");
    });
    await broadcast("careful", "no");
    await comes("the first try", () => calls.length === 1);
    const { status } = await mesh.sender(app).send({ to: regId, data: "single" });
    expect(status).toBe("delivered");
    broken = false;
    await broadcast("careful", "next");
    await comes("the rest", () => calls.includes("next"));
    // It is shown again a second later, however long the others took.
    expect(calls.filter((data) => data !== "no")).toEqual(["single", "next"]);
    expect(calls.slice(-2)).toEqual(["no", "next"]);
  });
});
