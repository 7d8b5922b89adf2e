/** The device SDK against a scripted mesh: messages that their senders recall, and what the app reports about messages. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DeviceEventKind, type Message } from "../../../../schema/generated/link.ts";
import { formatMessageId } from "../../../../schema/text.ts";
import { memoryStorage } from "../../../../sdk/device/mod.ts";
import { settle, until } from "../fake/clock.ts";
import { FakeMesh, gate, listening as listeningOn } from "../fake/mesh.ts";

let mesh = new FakeMesh();

beforeEach(() => {
  mesh = new FakeMesh();
});
afterEach(() => {
  expect(mesh.violations, "what the device did against the protocol").toEqual([]);
  expect(mesh.reported).toEqual([]);
});

async function listening(storage = memoryStorage()) {
  const device = await listeningOn(mesh, storage);
  const recalled: string[] = [];
  device.client.onRecalled(({ id }) => recalled.push(id));
  return { ...device, recalled };
}

const recall = ({ key, seq }: Pick<Message, "key" | "seq">, source?: string) =>
  mesh.socket.push({
    kind: "withdraw",
    value: { slot: 0, key, recall: true, seq, ...(source === undefined ? {} : { source }) },
  });

const events = () =>
  mesh.sockets.flatMap(({ frames }) =>
    frames.flatMap((frame) => (frame.kind === "events" ? frame.value.events : [])),
  );

const acked = (seq: number) =>
  until(() => mesh.socket.acks.some((ack) => ack.seq === seq), `the ack of ${seq}`);

describe("a message that its sender recalls", () => {
  it("X2 is told to the app that has it, with when it had it, and answered", async () => {
    const { client, recalled, regId } = await listening();
    const message = mesh.message("a");
    mesh.socket.deliver(message);
    await acked(message.seq);
    await mesh.clock.advance(1_500);
    recall(message);
    await until(() => events().length > 0, "the answer");
    expect(recalled).toEqual([formatMessageId({ ...message, regId })]);
    const { key, seq } = message;
    expect(events()).toEqual([{ kind: DeviceEventKind.RECALLED, key, seq, takenAgoMs: 1_500 }]);
    await client.close();
  });

  it("X1 does not reach the app that has not got it, and the acknowledgement says so", async () => {
    const { client, recalled, texts } = await listening();
    const { open, opened } = gate();
    client.onMessage(() => opened);
    const [first, second] = [mesh.message("1"), mesh.message("2")];
    mesh.socket.deliver(first, second);
    await settle();
    recall(second);
    await until(
      () => mesh.socket.acks.some(({ discarded = [] }) => discarded.includes(second.seq)),
      "it",
    );
    recall(first);
    await until(() => events().length > 0, "the answer");
    open();
    await acked(second.seq);
    expect(texts()).toEqual(["1"]);
    expect(recalled).toHaveLength(1);
    expect(events()).toMatchObject([{ kind: DeviceEventKind.RECALLED, key: first.key }]);
    await client.close();
  });

  it("X2 is not known if it never came, or came too long ago", async () => {
    const { client, recalled } = await listening();
    recall(mesh.message("never"));
    await until(() => events().length > 0, "the answer");
    expect(events()).toMatchObject([{ kind: DeviceEventKind.UNKNOWN }]);
    expect(recalled).toEqual([]);
    await client.close();
  });

  it("X2 is known after a restart, without the time", async () => {
    const storage = memoryStorage();
    const device = await listening(storage);
    const message = mesh.message("a");
    mesh.socket.deliver(message);
    await acked(message.seq);
    await device.client.close();
    const { client, recalled } = await listening(storage);
    recall(message);
    await until(() => events().length > 0, "the answer");
    const { key, seq } = message;
    expect(events()).toEqual([{ kind: DeviceEventKind.RECALLED, key, seq }]);
    expect(recalled).toHaveLength(1);
    await client.close();
  });

  it("X2 is told to an app whose handler has failed before it is dropped", async () => {
    const { client, recalled } = await listening();
    client.onMessage(() => {
      throw new Error("half shown");
    });
    const message = mesh.message("a");
    mesh.socket.deliver(message);
    await settle();
    recall(message);
    await until(() => mesh.socket.acks.some(({ discarded = [] }) => discarded.length > 0), "it");
    expect(recalled).toHaveLength(1);
    await client.close();
  });
});

describe("what an app reports about a message", () => {
  it("F4 reaches the mesh if the sender asks for it, with how long ago it was", async () => {
    const { client, got } = await listening();
    const [asked, other] = [mesh.message("a", { report: true }), mesh.message("b")];
    mesh.socket.deliver(asked, other);
    await acked(other.seq);
    const [first, second] = got;
    if (first === undefined || second === undefined) throw new Error("nothing came");
    expect([first.report, second.report]).toEqual([true, undefined]);
    await client.reportMessage(first, "shown");
    await client.reportMessage(second, "shown");
    await client.reportMessage(first, "clicked", { action: "yes", at: mesh.host.now() - 250 });
    await until(() => events().length === 2, "both");
    const { key, seq } = asked;
    expect(events()).toEqual([
      { kind: DeviceEventKind.SHOWN, key, seq, agoMs: 0 },
      { kind: DeviceEventKind.CLICKED, key, seq, agoMs: 250, action: "yes" },
    ]);
    await client.close();
  });

  it("F4 is kept without a link and over a restart, is said once, and not twice by two tabs", async () => {
    const storage = memoryStorage();
    const device = await listening(storage);
    const message = mesh.message("a", { report: true });
    mesh.socket.deliver(message);
    await acked(message.seq);
    const id = device.got[0]?.id ?? "";
    mesh.auto = false;
    mesh.socket.end(1006);
    const at = mesh.host.now();
    for (let n = 0; n < 2; n++)
      await device.client.reportMessage({ id, report: true }, "shown", { at });
    await device.client.close();
    mesh.auto = true;
    await mesh.clock.advance(60_000);
    const again = await listening(storage);
    await until(() => events().length > 0, "it");
    await again.client.reportMessage({ id, report: true }, "shown", { at });
    await settle();
    expect(events()).toEqual([
      {
        kind: DeviceEventKind.SHOWN,
        key: message.key,
        seq: message.seq,
        agoMs: expect.any(Number),
      },
    ]);
    expect(events()[0]?.agoMs).toBeGreaterThanOrEqual(60_000);
    await again.client.close();
  });

  it("F4 E9 is refused if it is no event, or of no message", async () => {
    const { client } = await listening();
    const bad = client.reportMessage({ id: "x", report: true }, "shown");
    await expect(bad).rejects.toMatchObject({ code: "option_invalid" });
    const message = { id: formatMessageId({ ...mesh.message("a"), regId: "r" }), report: true };
    const none = client.reportMessage(message, "opened" as "shown");
    await expect(none).rejects.toMatchObject({ code: "option_invalid" });
    await client.close();
  });
});
