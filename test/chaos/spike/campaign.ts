/**
 * A spike over the quota of an app that asks for a queue: what is offered, shown and queued in each second, and how long it took.
 *
 *   node test/chaos/spike/campaign.ts [--host deno|workerd] [--seconds 60] [--graph docs/images/spike.svg]
 *
 * The app sends half of its quota, for `--seconds` three times as much, and then half again until the queue is empty.
 */
import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { connect, memoryStorage } from "../../../sdk/device/mod.ts";
import { PushServer, PushServerError } from "../../../sdk/server/mod.ts";
import { HOST, hostNamed } from "../../support/host.ts";
import { percentile } from "../hostile/footprint.ts";
import { Mesh } from "../mesh.ts";
import { graphOf, type Second } from "./graph.ts";

const QUOTA = { perSecond: 50, burst: 300, queueSeconds: 120 };
const CALM = QUOTA.perSecond / 2;
const DEVICES = 20;
const BEFORE_SECONDS = 15;
/** One of so many is of high priority. */
const HIGH_EVERY = 50;
const BROADCAST_EVERY_SECONDS = 5;

interface Shown {
  readonly n: number;
  readonly isHigh: boolean;
  readonly tookMs: number;
}

async function spike(host: ReturnType<typeof hostNamed>, seconds: number): Promise<string> {
  const mesh = await Mesh.start(host);
  const app = await mesh.app("spike");
  const server = new PushServer({
    ...{ url: mesh.url, keyId: app.keyId, key: app.secret },
    retryForMs: 0,
  });
  const shown: Shown[] = [];
  const sentAt: number[] = [];
  const clients = await Promise.all(
    Array.from({ length: DEVICES }, async () => {
      const client = await connect({ url: mesh.url, appId: app.appId, storage: memoryStorage() });
      client.onMessage(({ data, priority }) => {
        const n = Number(data);
        if (Number.isNaN(n)) return;
        shown.push({
          n,
          isHigh: priority === "high",
          tookMs: performance.now() - (sentAt[n] ?? 0),
        });
      });
      return { client, regId: await client.register() };
    }),
  );
  await mesh.admin().setQuota(app.appId, QUOTA);
  const answers: Record<string, number> = {};
  const count = (name: string) => {
    answers[name] = (answers[name] ?? 0) + 1;
  };
  const sending: Promise<void>[] = [];
  /** By device: what is to be shown in order is sent after the answer to the one before it. */
  const before = new Map<string, Promise<void>>();
  const send = (n: number): Promise<void> => {
    const to = clients[n % DEVICES]?.regId ?? "";
    const priority = n % HIGH_EVERY === 0 ? "high" : "normal";
    sentAt[n] = performance.now();
    const sendNow = () =>
      server.send({ to, data: `${n}`, priority }, { wait: 0 }).then(
        ({ sendAt }) => count(sendAt === undefined ? "at once" : "queued"),
        (error: unknown) => count(error instanceof PushServerError ? error.code : "failed"),
      );
    const sent = (before.get(to) ?? Promise.resolve()).then(sendNow);
    before.set(to, sent);
    return sent;
  };
  const lines: Second[] = [];
  let sent = 0;
  for (let second = 0; second < BEFORE_SECONDS + seconds + QUOTA.queueSeconds; second++) {
    const isSpike = second >= BEFORE_SECONDS && second < BEFORE_SECONDS + seconds;
    const offered = isSpike ? 3 * CALM : CALM;
    const from = shown.length;
    const due = performance.now();
    let broadcast: boolean | null = null;
    if (second % BROADCAST_EVERY_SECONDS === 0)
      sending.push(
        server.broadcast({ to: { everyone: true }, data: "to all" }).then(
          () => {
            broadcast = true;
          },
          () => {
            broadcast = false;
          },
        ),
      );
    for (let k = 0; k < offered; k++) {
      await sleep(Math.max(0, due + (k * 1_000) / offered - performance.now()));
      sending.push(send(sent++));
    }
    await sleep(Math.max(0, due + 1_000 - performance.now()));
    const came = shown.slice(from);
    const worst = (isHigh: boolean) =>
      Math.max(0, ...came.filter((one) => one.isHigh === isHigh).map(({ tookMs }) => tookMs));
    lines.push({
      ...{ offered, shown: came.length, queued: sent - shown.length, broadcast },
      ...{ highMs: worst(true), normalMs: worst(false) },
    });
    const isCalm = second > BEFORE_SECONDS + seconds && sent - shown.length < CALM / 5;
    if (isCalm && lines.length > BEFORE_SECONDS + seconds + 10) break;
  }
  await Promise.all(sending);
  await sleep(2_000);
  for (const { client } of clients) await client.close();
  await mesh.stop();
  report(lines, shown, { sent, answers, seconds });
  return graphOf(lines, {
    quota: QUOTA.perSecond,
    spikeFrom: BEFORE_SECONDS,
    spikeSeconds: seconds,
  });
}

function report(
  lines: readonly Second[],
  shown: readonly Shown[],
  { sent, answers, seconds }: { sent: number; answers: Record<string, number>; seconds: number },
): void {
  const normal = shown.filter(({ isHigh }) => !isHigh).map(({ n }) => n);
  // Each device's own: what goes to several of them may cross.
  const crossed = Array.from({ length: DEVICES }, (_, device) =>
    normal.filter((n) => n % DEVICES === device),
  ).filter((own) => own.some((n, at) => at > 0 && n < (own[at - 1] ?? 0))).length;
  const took = (isHigh: boolean) =>
    shown.filter((one) => one.isHigh === isHigh).map(({ tookMs }) => tookMs);
  const text = (ms: readonly number[]) =>
    [0.5, 0.99, 1].map((share) => (percentile(ms, share) / 1_000).toFixed(1)).join(", ");
  const drained = lines.findLastIndex(({ queued }) => queued > CALM);
  console.log(`${sent} sent, ${shown.length} shown, devices out of order: ${crossed}`, answers);
  console.log(`longest queue ${Math.max(...lines.map(({ queued }) => queued))}`);
  console.log(`empty ${drained + 1 - BEFORE_SECONDS - seconds} s after the spike`);
  console.log(`most shown in a second ${Math.max(...lines.map(({ shown: n }) => n))}`);
  console.log(
    `s from send to display (p50, p99, max): normal ${text(took(false))}; high ${text(took(true))}`,
  );
  const broadcasts = lines.flatMap(({ broadcast }, at) =>
    broadcast === null ? [] : [[at, broadcast]],
  );
  console.log(`broadcasts accepted: ${broadcasts.filter(([, ok]) => ok).map(([at]) => at)}`);
  console.log(`broadcasts refused: ${broadcasts.filter(([, ok]) => !ok).map(([at]) => at)}`);
}

const { values } = parseArgs({
  options: {
    host: { type: "string", default: HOST },
    seconds: { type: "string", default: "60" },
    graph: { type: "string" },
  },
});
const svg = await spike(hostNamed(values.host), Number(values.seconds));
if (values.graph !== undefined) writeFileSync(values.graph, svg);
process.exit(0);
