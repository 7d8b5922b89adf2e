/**
 * Broadcasts against a simple model of the mesh: a log for each tag, and cursors that a crash of the mesh may throw back.
 * Links are lost, handlers fail, the device restarts in an orderly way and by a kill; each broadcast is shown once, in
 * the order of its tag.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Broadcast } from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { PushClient, Storage, Stored } from "../../../sdk/device/mod.ts";
import { settle, until } from "./fake/clock.ts";
import { FakeMesh, start } from "./fake/mesh.ts";
import type { FakeSocket } from "./fake/socket.ts";

const REFS = [11, 12, 13] as const;

/** A storage whose content outlives a kill. */
class Disk {
  #values = new Map<string, Stored>();

  /** What a process sees; what it writes after `kill` is lost. */
  mount(): Storage {
    const values = this.#values;
    return {
      keepsKeys: true,
      get: async (key) => values.get(key),
      set: async (key, value) => {
        values.set(key, value);
      },
      delete: async (key) => {
        values.delete(key);
      },
    };
  }

  kill(): void {
    this.#values = new Map(this.#values);
  }
}

/** A tag that is not watched. */
const FLOOD = 99;

class World {
  readonly mesh = new FakeMesh();
  readonly #disk = new Disk();
  readonly #log = new Map<number, Broadcast[]>(REFS.map((ref) => [ref, []]));
  /** What the mesh remembers of the device: positions by ref. */
  readonly #remembered = new Map<number, number>();
  /** Of the socket that is served: positions by ref that were sent on it. */
  readonly #sent = new Map<number, number>();
  #served: FakeSocket | undefined;
  readonly #shown: string[] = [];
  readonly #published: Broadcast[] = [];
  #failures = 0;
  #client: PushClient | undefined;

  async start(): Promise<void> {
    const { client } = await start(this.mesh, { storage: this.#disk.mount() });
    this.#client = client;
    client.onMessage((message) => {
      if (this.#client !== client) throw new Error("this process is dead");
      if (this.#failures > 0) {
        this.#failures--;
        throw new Error("not now");
      }
      if (message.tag !== `tag-${FLOOD}`) this.#shown.push(`${message.tag}: ${message.data}`);
    });
    client.onError(() => {});
    await client.register();
    await this.serve();
  }

  /** The next `count` calls of the handler fail. */
  fail(count: number): void {
    this.#failures = count;
  }

  publish(tags: readonly number[]): void {
    // One broadcast of several tags has one key, and the same data at each.
    const [first] = tags;
    const data = new TextEncoder().encode(`${first}/${this.#published.length}`);
    let key: Uint8Array | undefined;
    for (const tagRef of tags) {
      const made = this.mesh.broadcast("", { tagRef });
      key ??= made.key;
      const broadcast = { ...made, key, data };
      this.#log.get(tagRef)?.push(broadcast);
      if (tagRef === first) this.#published.push(broadcast);
    }
  }

  /** Hears what was acknowledged and sends what the device has not, as a mesh does all the time. */
  async serve(): Promise<void> {
    await settle();
    const { socket } = this.mesh;
    if (socket.closedBy !== undefined || socket.attached.size === 0) return;
    if (socket !== this.#served) {
      this.#served = socket;
      this.#sent.clear();
      for (const { tagRef, position } of socket.hello?.cursors ?? []) {
        if (position > this.#of(tagRef) && !this.#deaf) this.#remembered.set(tagRef, position);
      }
      this.#deaf = false;
      for (const ref of REFS) this.#sent.set(ref, this.#of(ref));
    }
    for (const [ref, log] of this.#log) {
      const next = log.filter(({ position }) => position > (this.#sent.get(ref) ?? 0));
      if (next.length > 0) socket.broadcast(...next);
      this.#sent.set(ref, next.at(-1)?.position ?? this.#sent.get(ref) ?? 0);
    }
    await settle();
    this.#hear();
  }

  #of(ref: number): number {
    return this.#remembered.get(ref) ?? 0;
  }

  #hear(): void {
    for (const { tagRef, position } of this.#served?.cursors ?? []) {
      const counts = Math.min(position, this.#sent.get(tagRef) ?? 0);
      if (counts > this.#of(tagRef)) this.#remembered.set(tagRef, counts);
    }
  }

  /** As many broadcasts of another tag as the duplicate window remembers: then cursors alone tell what was taken. */
  async flood(): Promise<void> {
    await this.serve();
    const { socket } = this.mesh;
    for (let sent = 0; sent < LIMITS.DUPLICATE_WINDOW + 64; sent += 64) {
      if (socket.closedBy !== undefined || socket.attached.size === 0) return;
      socket.broadcast(
        ...Array.from({ length: 64 }, () => this.mesh.broadcast("", { tagRef: FLOOD })),
      );
      await settle();
    }
  }

  #deaf = false;

  /**
   * The mesh crashes and remembers nothing.
   *
   * @param deaf It does not hear the cursors of the next Hello either: it may refuse those that it cannot believe.
   */
  forget(deaf: boolean): void {
    this.#deaf = deaf;
    this.#remembered.clear();
    this.loseLink();
  }

  loseLink(): void {
    const { socket } = this.mesh;
    if (socket.closedBy === undefined) socket.end(1006);
  }

  async pass(ms: number): Promise<void> {
    await this.mesh.clock.advance(ms);
    // Keys sign in real time, which the clock does not wait for.
    await until(() => /connected|waiting/.test(this.#client?.state ?? ""), "an answer");
    await this.serve();
  }

  async restart(): Promise<void> {
    await this.#client?.close();
    this.#hear();
    await this.start();
  }

  async kill(): Promise<void> {
    // Between a handler and the write of what it took, a kill may show it again: that is said, and not tried here.
    await settle();
    this.#disk.kill();
    const dead = this.#client;
    this.#client = undefined;
    this.loseLink();
    await dead?.close();
    await this.start();
  }

  async finish(): Promise<void> {
    this.#failures = 0;
    for (let i = 0; i < 60 && this.#shown.length < this.#published.length; i++) {
      await this.pass(3_000);
    }
    await this.#client?.close();
    const text = new TextDecoder();
    const wanted = this.#published.map(({ data }) => text.decode(data));
    const got = this.#shown.map((line) => line.split(": ")[1] ?? "");
    expect(got.toSorted()).toEqual(wanted.toSorted());
    for (const ref of REFS) {
      const ofTag = this.#shown.filter((line) => line.startsWith(`tag-${ref}:`));
      const numbers = ofTag.map((line) => Number(line.split("/")[1]));
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    }
    expect(this.mesh.violations).toEqual([]);
  }
}

/** What happens, by name. */
const ACTS: Readonly<Record<string, (world: World) => void | Promise<void>>> = {
  "publish to 11": (world) => world.publish([11]),
  "publish to 12": (world) => world.publish([12]),
  "publish to 13": (world) => world.publish([13]),
  "publish to 11 and 13": (world) => world.publish([11, 13]),
  serve: (world) => world.serve(),
  "pass 100 ms": (world) => world.pass(100),
  "pass 2 s": (world) => world.pass(2_000),
  "lose the link": (world) => world.loseLink(),
  "forget the device": (world) => world.forget(false),
  "forget the device, deaf": (world) => world.forget(true),
  "fail once": (world) => world.fail(1),
  "fail three times": (world) => world.fail(3),
  "flood the window": (world) => world.flood(),
  restart: (world) => world.restart(),
  kill: (world) => world.kill(),
};

test("P1, P2, P3 each broadcast is shown once and in order, whatever becomes of links, processes and the mesh", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...Object.keys(ACTS)), { minLength: 10, maxLength: 50 }),
      async (acts) => {
        const world = new World();
        await world.start();
        for (const name of acts) await ACTS[name]?.(world);
        await world.finish();
      },
    ),
    { numRuns: 150 },
  );
}, 60_000);
