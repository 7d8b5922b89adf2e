/** V1, V2: whatever happens between, a listener that comes back with its cursor has each broadcast once, in order. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { LIMITS } from "../../../schema/limits.ts";
import { type Fault, fault } from "../support/faults.ts";
import { fuzz, fuzzTimeoutMs } from "../support/fuzz.ts";
import { HOSTS } from "../support/runtime/fake-runtime.ts";
import { LiveRig, TestListener } from "./support/rig.ts";

const RUNS = 300;

/** A page that listens, and comes back after what it has. */
class Page {
  readonly heard: number[] = [];
  cursor: number | null = null;
  listener: TestListener | null = null;
  /** Position that it began at; null while it has heard nothing. */
  start: number | null = null;

  take(): void {
    for (const { cursor, type } of this.listener?.bodies ?? []) {
      this.cursor = Number(cursor);
      this.start ??= type === "message" ? this.cursor - 1 : this.cursor;
      if (type === "message") this.heard.push(this.cursor);
    }
    this.listener?.heard.splice(0);
  }

  async open(rig: LiveRig): Promise<void> {
    if (this.listener?.closed != null) this.end(rig);
    if (this.listener !== null) return;
    const listener = new TestListener();
    if ((await rig.inTime(rig.listen(this.cursor, listener))) === null) return;
    this.listener = listener;
    this.take();
  }

  /** The connection ends; what was on it is read. */
  end(rig: LiveRig): void {
    this.take();
    if (this.listener !== null) rig.node.leave(this.listener);
    this.listener = null;
  }
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("broadcast"), lost: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("open"), page: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("end"), page: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("stall"), page: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("advance"), ms: fc.nat(12_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart") }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("fault"), fault }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("again"), back: fc.nat(5) }) },
);
type Step = {
  readonly do: string;
  readonly page?: number;
  readonly ms?: number;
  readonly lost?: boolean;
  readonly back?: number;
  readonly fault?: Fault;
};

async function take(rig: LiveRig, pages: readonly Page[], { do: act, ...with_ }: Step) {
  const page = pages[with_.page ?? 0];
  if (act === "broadcast") await rig.inTime(rig.broadcast({}, with_.lost));
  else if (act === "open") await page?.open(rig);
  else if (act === "end") page?.end(rig);
  else if (act === "advance") await rig.advance(with_.ms ?? 0);
  else if (act === "fault") {
    if (with_.fault !== undefined) rig.faults.push(with_.fault);
  } else if (act === "again") {
    const entry = rig.log.at(-1 - (with_.back ?? 0));
    if (entry !== undefined) await rig.inTime(rig.publish(entry));
  } else if (act === "stall" && page?.listener != null) {
    page.listener.bufferedBytes =
      page.listener.bufferedBytes > 0 ? 0 : LIMITS.LIVE_BUFFER_BYTES + 1;
  } else if (act === "restart") {
    for (const each of pages) each.end(rig);
    rig.restart();
  }
}

test.each(HOSTS)(
  "V1 V2 each broadcast once, in order, whatever happens: $host",
  async ({ hibernates }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80, size: "max" }), async (steps) => {
        const rig = new LiveRig(hibernates);
        const pages = Array.from({ length: 4 }, () => new Page());
        await rig.broadcast();
        for (const each of steps) await take(rig, pages, each);
        // Nothing fails any more.
        rig.faults.splice(0);
        for (const page of pages) if (page.listener !== null) page.listener.bufferedBytes = 0;
        await rig.advance(20_000);
        // Whoever is there has what was told; one more tells the node what it missed.
        for (const page of pages) await page.open(rig);
        await rig.broadcast();
        await rig.advance(20_000);
        for (const page of pages) {
          page.take();
          const all = rig.log.map(({ position }) => position);
          expect(page.heard).toEqual(all.filter((position) => position > (page.start ?? 0)));
        }
      }),
      fuzz(RUNS),
    );
  },
  fuzzTimeoutMs(RUNS),
);
