/** The shell of a device: what it does while its alarm cannot be set. */
import { expect, test } from "vitest";
import type { SendRequest } from "../../../core/message/send.ts";
import type { TagRpc } from "../../../objects/interfaces/rpc.ts";
import { acksOf, hello, messagesIn, push, readDown } from "../device/support/frames.ts";
import { openApp } from "../device/support/open-app.ts";
import { keyOf, START_MS } from "../device/support/rig.ts";
import { RunningDevice } from "../device/support/running-device.ts";
import { VirtualClock } from "../support/runtime/clock.ts";

/** The tag of all devices, as far as a registration joins it. */
const node = {
  join: async () => ({ kind: "joined", head: 0 }),
  attach: async () => ({ kind: "attached", upTo: 0, more: false, entries: [] }),
} as unknown as TagRpc;

const nobody = (): never => {
  throw new Error("nobody is called here");
};

const to = (app: string, key: string, waitMs: number): SendRequest => ({
  ...{ app, generation: 1, key: keyOf(key), lane: 2, contentType: 2, data: keyOf(key) },
  ...{ ttlSeconds: 5, collapseKey: null, onOverflow: "reject", waitMs },
});

test("P1.10 H3 an alarm that cannot be set refuses what needs one, and nothing else", async () => {
  const clock = new VirtualClock(START_MS);
  const seen: string[] = [];
  const device: RunningDevice = new RunningDevice({
    ...{
      clock,
      hibernates: true,
      peers: { node: () => node, alias: nobody, app: () => openApp, webhook: nobody },
    },
    onFrame(frame) {
      const messages = messagesIn([readDown(frame)]);
      seen.push(...messages.map(({ slot }) => `slot ${slot}`));
      if (messages.length > 0) queueMicrotask(() => void device.receive(acksOf(messages)));
    },
  });
  await device.shell.openAccount({ publicKey: "key-1", handoverFrom: null });
  expect(device.connect()).toBeNull();
  await device.receive(hello());
  for (const app of ["a", "b"])
    await device.receive(push({ kind: "register", value: { request: 1, appId: `app-${app}` } }));
  // Their apps are asked.
  await clock.pass(1);
  await device.receive(push({ kind: "attach", value: { slot: 1 } }));
  await clock.pass(1_000);

  const error = new Error("no alarm");
  device.runtime.alarm.error = error;
  const refused = { code: "storage_unavailable" };
  await expect(device.shell.send(to("b", "b1", 0))).rejects.toMatchObject(refused);
  const sent = await device.shell.send(to("a", "a1", 5_000));
  expect(sent).toMatchObject({ status: "delivered" });
  expect(seen).toEqual(["slot 1"]);
  const name = { app: "a", generation: 1 };
  expect(await device.shell.describe(name)).toMatchObject({ connected: true });
  const status = { ...name, key: keyOf("a1"), seq: "seq" in sent ? sent.seq : 0 };
  expect(await device.shell.status(status)).toMatchObject({ status: "delivered" });
  await expect(device.shell.send(to("b", "b2", 0))).rejects.toMatchObject(refused);

  device.runtime.alarm.error = null;
  expect(await device.shell.send(to("b", "b2", 0))).toMatchObject({ status: "queued" });
  expect(device.disk.alarmAt).not.toBeNull();
});

test("P4.9 a sender of ttl 0 is answered in time though a commit is slow", async () => {
  const clock = new VirtualClock(START_MS);
  const device: RunningDevice = new RunningDevice({
    ...{
      clock,
      hibernates: false,
      peers: { node: () => node, alias: nobody, app: () => openApp, webhook: nobody },
    },
    onFrame: () => {},
  });
  await device.shell.openAccount({ publicKey: "key-1", handoverFrom: null });
  expect(device.connect()).toBeNull();
  await device.receive(hello());
  for (const app of ["a", "b"])
    await device.receive(push({ kind: "register", value: { request: 1, appId: `app-${app}` } }));
  await clock.pass(1);
  await device.receive(push({ kind: "attach", value: { slot: 1 } }));
  await clock.pass(1_000);

  device.disk.fates.push(900);
  void device.shell.send(to("b", "b1", 0));
  const answers: unknown[] = [];
  void device.shell
    .send({ ...to("a", "a1", 1_000), ttlSeconds: 0 })
    .then((answer) => answers.push(answer));
  await clock.pass(999);
  expect(answers).toEqual([]);
  await clock.pass(1);
  expect(answers).toHaveLength(1);
});
