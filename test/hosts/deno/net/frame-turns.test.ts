/** How long the frames of one link hold the thread. */
import { expect, test } from "vitest";
import { ServerSocket } from "../../../../hosts/deno/net/socket.ts";
import { Transport } from "../../../../hosts/deno/net/transport.ts";
import { clientFrame } from "../../../mesh/support/raw-socket.ts";
import { turn } from "../support/mesh.ts";

/** A link whose every frame takes as long; its turns are given by the test. */
function link(frameMs: number) {
  let now = 0;
  const reads: ((count: number | null) => void)[] = [];
  let pending: Uint8Array<ArrayBuffer> = new Uint8Array();
  const conn = {
    read: (into: Uint8Array) =>
      new Promise<number | null>((resolve) => {
        reads.push((count) => {
          if (count !== null) into.set(pending.subarray(0, count));
          resolve(count);
        });
      }),
    write: async (bytes: Uint8Array) => bytes.length,
    close() {},
    async closeWrite() {},
  };
  const turns: (() => void)[] = [];
  const transport = new Transport(conn, { data() {}, ended() {} }, () => {});
  const socket = new ServerSocket(transport, {
    now: () => now,
    closing() {},
    frameTurn: () => new Promise((resolve) => turns.push(resolve)),
  });
  const taken: number[] = [];
  let isClosed = false;
  socket.onmessage = (data) => {
    now += frameMs;
    taken.push(new Uint8Array(data as ArrayBuffer)[0] ?? -1);
  };
  socket.onclose = () => {
    isClosed = true;
  };
  void transport.run();
  return {
    taken,
    isClosed: () => isClosed,
    isReading: () => reads.length > 0,
    wait: (ms: number) => {
      now += ms;
    },
    /** Frames with these numbers arrive in one read. */
    async arrive(numbers: readonly number[]) {
      pending = Buffer.concat(numbers.map((number) => clientFrame(2, Buffer.of(number))));
      reads.shift()?.(pending.length);
      await turn();
    },
    async end() {
      reads.shift()?.(null);
      await turn();
    },
    async takeTurn() {
      turns.shift()?.();
      await turn();
    },
  };
}

const numbers = (from: number, count: number) =>
  Array.from({ length: count }, (_, at) => from + at);

test("P8.3 frames that take longer than the share of their link wait for its turn, in order, and nothing more is read", async () => {
  const one = link(0.5);
  await one.arrive(numbers(0, 20));
  expect(one.taken).toEqual([0, 1]);
  expect(one.isReading()).toBe(false);
  await one.takeTurn();
  expect(one.taken).toEqual(numbers(0, 6));
  for (let turns = 0; turns < 4; turns++) await one.takeTurn();
  expect(one.taken).toEqual(numbers(0, 20));
});

test("P8.3 a frame that takes as long as ten turns is taken alone", async () => {
  const one = link(20);
  await one.arrive(numbers(0, 3));
  expect(one.taken).toEqual([0]);
  await one.takeTurn();
  expect(one.taken).toEqual([0, 1]);
  await one.takeTurn();
  expect(one.taken).toEqual([0, 1, 2]);
});

test("P8.3 a link that keeps within its share waits for no turn", async () => {
  const one = link(0.05);
  for (let at = 0; at < 50; at++) {
    await one.arrive([at]);
    one.wait(10);
  }
  expect(one.taken).toEqual(numbers(0, 50));
});

test("P8.3 what arrived before the end of the connection is taken before its owner is told", async () => {
  const one = link(2);
  await one.arrive(numbers(0, 1));
  await one.takeTurn();
  expect(one.isReading()).toBe(true);
  await one.arrive(numbers(1, 2));
  for (let turns = 0; turns < 3; turns++) await one.takeTurn();
  await one.end();
  await one.takeTurn();
  expect(one.taken).toEqual([0, 1, 2]);
  expect(one.isClosed()).toBe(true);
});
