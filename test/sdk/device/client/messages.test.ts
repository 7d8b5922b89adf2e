/** The device SDK against a scripted mesh: messages and their acknowledgements. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Priority } from "../../../../schema/generated/link.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { formatMessageId } from "../../../../schema/text.ts";
import type { Storage } from "../../../../sdk/device/mod.ts";
import { settle, until } from "../fake/clock.ts";
import { FakeMesh, gate, listening as listeningOn, seqAt, start } from "../fake/mesh.ts";

let mesh = new FakeMesh();

beforeEach(() => {
  mesh = new FakeMesh();
});
afterEach(() => {
  expect(mesh.violations, "what the device did against the protocol").toEqual([]);
  expect(mesh.reported).toEqual([]);
});

const listening = (storage?: Storage) => listeningOn(mesh, storage);

describe("messages", () => {
  it("are shown in the sender's form, with an ID, times and priority", async () => {
    const { client, got, regId } = await listening();
    const sentAt = mesh.now() - 1_234;
    const text = mesh.message("Grüße\u{1F600}", { seq: seqAt(sentAt, 7), collapseKey: "k" });
    const json = mesh.message('{"a":[1,null]}', { contentType: 1, priority: Priority.HIGH });
    const bytes = mesh.message("", { contentType: 3, data: Uint8Array.of(0, 255) });
    mesh.socket.deliver(text, json, bytes);
    await until(() => got.length === 3, "the messages");
    const byId = new Map(got.map((message) => [message.id, message]));
    const idOf = ({ seq, key }: typeof text): string => formatMessageId({ seq, key, regId });
    expect(byId.get(idOf(text))).toEqual({
      id: idOf(text),
      data: "Grüße\u{1F600}",
      priority: "normal",
      collapseKey: "k",
      sentAt,
      expiresAt: text.expiresAtMs,
    });
    expect(byId.get(idOf(json))).toMatchObject({
      data: { a: [1, null] },
      json: '{"a":[1,null]}',
      priority: "high",
    });
    expect(byId.get(idOf(bytes))?.data).toEqual(Uint8Array.of(0, 255));
    await client.close();
  });

  it("P4 are acknowledged after the handler, and not before", async () => {
    const { client } = await listening();
    const { open, opened } = gate();
    let entered = 0;
    client.onMessage(() => {
      entered++;
      return opened;
    });
    const message = mesh.message("one");
    mesh.socket.deliver(message);
    await until(() => entered === 1, "the handler");
    await settle();
    expect(mesh.socket.acks).toEqual([]);
    open();
    await until(() => mesh.socket.acks.length === 1, "the acknowledgement");
    expect(mesh.socket.acks).toEqual([{ slot: 0, priority: 2, seq: message.seq }]);
    await client.close();
  });

  it("P3 of one priority are handed over one after another, in order; a higher one overtakes", async () => {
    const { client } = await listening();
    const events: string[] = [];
    const gates = new Map<unknown, () => void>();
    client.onMessage(async ({ data }) => {
      events.push(`+${data}`);
      const { open, opened } = gate();
      gates.set(data, open);
      await opened;
      events.push(`-${data}`);
    });
    mesh.socket.deliver(mesh.message("a"), mesh.message("b"));
    mesh.socket.deliver(mesh.message("urgent", { priority: Priority.HIGH }));
    await until(() => events.length === 2, "two handlers");
    expect(events).toEqual(["+a", "+urgent"]);
    gates.get("urgent")?.();
    gates.get("a")?.();
    await until(() => gates.has("b"), "b");
    gates.get("b")?.();
    await until(() => events.includes("-b"), "the end of b");
    expect(events.filter((event) => !event.includes("urgent"))).toEqual(["+a", "-a", "+b", "-b"]);
    await client.close();
  });

  it("P1 of a handler that throws stay unacknowledged, hold their lane, and are tried again", async () => {
    const { client, errors } = await listening();
    const calls: unknown[] = [];
    let broken = true;
    client.onMessage(({ data }) => {
      calls.push(data);
      if (broken && data === "a") throw new Error("no disk");
    });
    const [a, b, urgent] = [
      mesh.message("a"),
      mesh.message("b"),
      mesh.message("u", { priority: Priority.HIGH }),
    ];
    mesh.socket.deliver(a, b, urgent);
    await settle();
    expect(calls).toEqual(["a", "u"]);
    expect(mesh.socket.acks).toEqual([{ slot: 0, priority: 1, seq: urgent.seq }]);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ code: "handler_failed", attempt: 1, retryAfterMs: 1_000 });
    expect(errors[0]?.cause).toMatchObject({ message: "no disk" });
    await mesh.clock.advance(1_000);
    expect(errors[1]).toMatchObject({ attempt: 2, retryAfterMs: 2_000 });
    broken = false;
    await mesh.clock.advance(1_999);
    expect(calls).toEqual(["a", "u", "a"]);
    await mesh.clock.advance(1);
    expect(calls).toEqual(["a", "u", "a", "a", "b"]);
    expect(mesh.socket.acks.at(-1)).toEqual({ slot: 0, priority: 2, seq: b.seq });
    await client.close();
  });

  it("P1 of a handler that throws come again on the next link, once", async () => {
    const { client, errors } = await listening();
    const calls: unknown[] = [];
    client.onMessage(({ data }) => {
      calls.push(data);
      if (calls.length === 1) throw new Error("once");
    });
    const message = mesh.message("a");
    mesh.socket.deliver(message);
    await until(() => errors.length === 1, "the error");
    mesh.socket.end(1006);
    await mesh.clock.advance(500);
    const second = await mesh.link(2);
    await settle();
    second.deliver({ ...message, replay: true });
    await until(() => second.acks.length === 1, "the acknowledgement");
    await mesh.clock.advance(60_000);
    expect(calls).toEqual(["a", "a"]);
    await client.close();
  });

  it("P1 of a handler that fails after its link was lost are left to the replay", async () => {
    const { client, errors } = await listening();
    let calls = 0;
    let fail = (_: Error): void => {};
    client.onMessage(() => {
      calls++;
      return new Promise((_, reject) => {
        fail = reject;
      });
    });
    const message = mesh.message("a");
    mesh.socket.deliver(message);
    await until(() => calls === 1, "the handler");
    mesh.socket.end(1006);
    await settle();
    fail(new Error("late"));
    await until(() => errors.length === 1, "the error");
    await mesh.clock.advance(500);
    const second = await mesh.link(2);
    await until(() => client.state === "connected", "the link");
    await settle();
    expect(calls).toBe(1);
    second.deliver({ ...message, replay: true });
    // At once: the wait before another try belonged to the link that is gone.
    await until(() => calls === 2, "the replay");
    fail(new Error("again"));
    await until(() => errors.length === 2, "the second error");
    await client.close();
  });

  it("are not acknowledged on a link that they were not sent on", async () => {
    const { client } = await listening();
    const { open, opened } = gate();
    let calls = 0;
    client.onMessage(() => {
      calls++;
      return opened;
    });
    mesh.socket.deliver(mesh.message("a"));
    await until(() => calls === 1, "the handler");
    mesh.socket.end(1006);
    await mesh.clock.advance(500);
    const second = await mesh.link(2);
    await until(() => client.state === "connected", "the link");
    open();
    await settle();
    expect(second.acks).toEqual([]);
    await client.close();
  });

  it("are timed by the clock of the last welcome", async () => {
    const { client, texts } = await listening();
    mesh.skewMs = 50_000;
    mesh.socket.end(1006);
    await mesh.clock.advance(500);
    const second = await mesh.link(2);
    await until(() => client.state === "connected", "the link");
    second.deliver(mesh.message("late", { expiresAtMs: mesh.now() - 1 }));
    await until(() => second.acks.length === 1, "the acknowledgement");
    expect(texts()).toEqual([]);
    await client.close();
  });

  it("are dropped and acknowledged when they come after their time, by the mesh's clock", async () => {
    mesh.skewMs = -50_000;
    const { client, texts } = await listening();
    const late = mesh.message("late", { expiresAtMs: mesh.now() });
    const fresh = mesh.message("fresh", { expiresAtMs: mesh.now() + 1 });
    mesh.socket.deliver(late, fresh);
    await until(() => mesh.socket.acks.some(({ seq }) => seq === fresh.seq), "both acknowledged");
    expect(texts()).toEqual(["fresh"]);
    await client.close();
  });

  it("P1.6 are neither dropped nor acknowledged if a clock was set meanwhile: a new link gives the time", async () => {
    const { client, texts } = await listening();
    // The mesh's set back, or the device's forth.
    mesh.skewMs -= 60_000;
    const late = mesh.message("late", { expiresAtMs: mesh.now() + 20_000 });
    mesh.socket.deliver(late, mesh.message("behind it"));
    await until(() => client.state === "waiting", "the end of the link");
    expect(mesh.socket.acks).toEqual([]);
    await mesh.clock.advance(2_000);
    const second = await mesh.link(2);
    await until(() => client.state === "connected", "the link");
    second.deliver({ ...late, replay: true });
    await until(() => second.acks.length === 1, "the acknowledgement");
    expect(texts()).toEqual(["late"]);
    await client.close();
  });

  it("P4.1 of a now-or-never send are not acknowledged if they arrive after its sender has stopped waiting", async () => {
    const { client, texts } = await listening();
    const { expiresAtMs: _, ...stale } = mesh.message("stale");
    await mesh.clock.advance(LIMITS.ACK_WAIT_MAX_MS);
    const first = mesh.socket;
    first.deliver(stale);
    await until(() => client.state === "waiting", "the end of the link");
    expect(first.acks).toEqual([]);
    expect(texts()).toEqual([]);
    await client.close();
  });

  it("P4 of a now-or-never send are not shown after their sender has stopped waiting", async () => {
    const { client } = await listening();
    const { open, opened } = gate();
    const calls: unknown[] = [];
    client.onMessage(({ data }) => {
      calls.push(data);
      return opened;
    });
    const slow = mesh.message("slow");
    const { expiresAtMs: _, ...now } = mesh.message("now");
    mesh.socket.deliver(slow, now);
    await settle();
    await mesh.clock.advance(LIMITS.ACK_WAIT_MAX_MS);
    open();
    await until(() => mesh.socket.acks.some(({ seq }) => seq === now.seq), "the acknowledgement");
    expect(calls).toEqual(["slow"]);
    await client.close();
  });

  it.each([
    ["JSON that is none", 1, "{"],
    ["JSON of no object", 1, "[1]"],
    ["text that is no UTF-8", 2, Uint8Array.of(0xff)],
  ] as const)("with %s are an error and do not block the lane", async (_, contentType, data) => {
    const { client, errors, texts } = await listening();
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    mesh.socket.deliver(mesh.message("", { contentType, data: bytes }), mesh.message("next"));
    await until(() => texts().length === 1, "the next message");
    expect(errors.map(({ code }) => code)).toEqual(["data_invalid"]);
    await client.close();
  });

  it("P1.1 wait in the mesh while nobody listens, also those that have arrived: they may expire there", async () => {
    const { client } = await start(mesh);
    const { open, opened } = gate();
    const stop = client.onMessage(() => opened);
    await client.register();
    await until(() => mesh.socket.attached.size === 1, "the attach");
    mesh.socket.deliver(mesh.message("a"), mesh.message("b"));
    await settle();
    stop();
    open();
    await until(() => mesh.socket.attached.size === 0, "the detach");
    expect(mesh.socket.acks).toHaveLength(1);
    const got: unknown[] = [];
    client.onMessage(({ data }) => {
      got.push(data);
    });
    await until(() => mesh.socket.attached.size === 1, "the attach");
    expect(got).toEqual([]);
    mesh.socket.deliver(mesh.message("c"));
    await until(() => got.length === 1, "c");
    expect(got).toEqual(["c"]);
    await client.close();
  });
});
