/** In how few frames a burst is acknowledged, where no turns pass between a handler and what acknowledges. */
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Priority } from "../../../../schema/generated/link.ts";
import { settle, until } from "../fake/clock.ts";
import { FakeMesh, gate, listening, turningStorage } from "../fake/mesh.ts";

let mesh = new FakeMesh();

beforeEach(() => {
  mesh = new FakeMesh();
});
afterEach(() => {
  expect(mesh.violations, "what the device did against the protocol").toEqual([]);
  expect(mesh.reported).toEqual([]);
});

it("messages are acknowledged in the turn of the handler, a burst of them in one frame", async () => {
  const { client, got } = await listening(mesh, turningStorage());
  const burst = Array.from({ length: 20 }, (_, i) =>
    mesh.message(String(i), { priority: ((i % 3) + 1) as Priority }),
  );
  mesh.socket.deliver(...burst);
  // No timer between: the turns that the storage takes are enough.
  await settle();
  expect(got).toHaveLength(20);
  const ackFrames = mesh.socket.frames.filter(({ kind }) => kind === "acks");
  expect(ackFrames.length).toBeLessThanOrEqual(3);
  const last = new Map(mesh.socket.acks.map((ack) => [ack.priority, ack.seq]));
  for (const priority of [1, 2, 3] as const) {
    const seqs = burst.filter((message) => message.priority === priority).map(({ seq }) => seq);
    expect(last.get(priority)).toBe(Math.max(...seqs));
  }
  await client.close();
});

it("P4.1 broadcasts are acknowledged by cursors after the handler, several tags in one frame, and never by acks", async () => {
  const { client } = await listening(mesh, turningStorage());
  const { open, opened } = gate();
  let entered = 0;
  client.onMessage(() => {
    entered++;
    return opened;
  });
  const burst = Array.from({ length: 12 }, (_, i) =>
    mesh.broadcast(String(i), { tagRef: 1 + (i % 3) }),
  );
  mesh.socket.broadcast(...burst);
  await until(() => entered === 1, "the handler");
  await settle();
  expect(mesh.socket.frames.filter(({ kind }) => kind === "cursors")).toEqual([]);
  open();
  await settle();
  expect(entered).toBe(12);
  const frames = mesh.socket.frames.filter(({ kind }) => kind === "cursors");
  expect(frames.length).toBeLessThanOrEqual(3);
  const last = new Map(mesh.socket.cursors.map(({ tagRef, position }) => [tagRef, position]));
  expect(last).toEqual(new Map([1, 2, 3].map((tagRef) => [tagRef, 4])));
  expect(mesh.socket.acks).toEqual([]);
  await client.close();
});
