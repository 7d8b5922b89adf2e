/**
 * `kill -9` of the mesh while messages with receipts are sent, devices send to their app's server, and its receiver fails, hangs, answers late or
 * closes; then everything is checked.
 *
 *   node test/chaos/webhooks/campaign.ts [--host deno|workerd] [--seed N] [--rounds 10] [--devices 6]
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "../../../sdk/device/node.ts";
import type { PushClient } from "../../../sdk/device/push-client.ts";
import { memoryStorage } from "../../../sdk/device/storage/storage.ts";
import { type PushServer, verifyWebhook, type WebhookEventBody } from "../../../sdk/server/mod.ts";
import { nextVictim, ROUND_MS } from "../kill.ts";
import { Mesh } from "../mesh.ts";
import { type ChaosOptions, runFromCommandLine } from "../options.ts";
import { type Random, random as seeded } from "../random.ts";
import { until } from "../wait.ts";

/** An endpoint that failed some times in a row is tried again within this. */
const DRAIN_MS = 120_000;

export interface WebhookVerdict {
  readonly sent: number;
  readonly upstream: number;
  readonly requests: number;
  /** Messages and upstream messages that were accepted, and never told. */
  readonly lost: readonly string[];
  /** Events that came with more than one `webhook-id`, and upstream messages that came as more than one event. */
  readonly doubled: readonly string[];
  readonly disordered: readonly string[];
  /** Requests that did not verify. */
  readonly untrue: readonly string[];
}

/** A receiver that is not well, until it is told to be. */
class SickReceiver {
  readonly #random: Random;
  readonly #server = createServer((request, response) => void this.#take(request, response));
  /** By event ID: the `webhook-id`s that it came with. */
  readonly seen = new Map<
    string,
    { readonly event: WebhookEventBody; readonly ids: Set<string> }
  >();
  readonly untrue: string[] = [];
  requests = 0;
  isWell = false;
  secret = "";

  constructor(random: Random) {
    this.#random = random;
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests++;
    const chunks: Uint8Array[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Uint8Array);
    } catch {
      return;
    }
    const body = Buffer.concat(chunks).toString();
    const fate = this.isWell ? 0 : this.#random.between(0, 9);
    // It stores nothing, and says so, or hangs.
    if (fate === 9) return void response.writeHead(500).end();
    if (fate === 8) return void response.writeHead(503, { "retry-after": "1" }).end();
    if (fate === 7) return;
    await this.#store(request.headers as Record<string, string>, body);
    // It has stored them, and the mesh does not hear of it.
    if (fate === 6) return void response.destroy();
    if (fate === 5) await sleep(this.#random.between(50, 500));
    response.writeHead(204).end();
  }

  async #store(headers: Record<string, string>, body: string): Promise<void> {
    try {
      const { id, events } = await verifyWebhook({ headers, body }, this.secret);
      for (const event of events) {
        const known = this.seen.get(event.id) ?? { event, ids: new Set<string>() };
        known.ids.add(id);
        this.seen.set(event.id, known);
      }
    } catch (error) {
      this.untrue.push(`${error}`);
    }
  }
}

/** What was accepted. */
interface Accepted {
  readonly messages: Set<string>;
  readonly keys: Set<string>;
}

/** Sends until it is stopped, one at a time for each device. */
async function load(
  sender: PushServer,
  client: PushClient,
  accepted: Accepted,
  isOver: () => boolean,
): Promise<void> {
  const regId = (await client.register()) ?? "";
  for (let n = 0; !isOver(); n++) {
    try {
      const { id } = await sender.send({ to: regId, data: `${n}`, receipts: true }, { wait: 2 });
      accepted.messages.add(id);
      const key = `${regId.slice(-8)} ${n}`;
      await client.sendUpstream({ n }, { key });
      accepted.keys.add(Buffer.from(key).toString("base64url"));
    } catch {
      // Not accepted, as far as it knows.
    }
    await sleep(20);
  }
}

export async function killWithWebhooks(options: ChaosOptions): Promise<WebhookVerdict> {
  const { host, seed, rounds, devices, log } = options;
  const random = seeded(seed);
  const mesh = await Mesh.start(host, {}, ["--webhooks", "private"]);
  const receiver = new SickReceiver(random);
  const accepted: Accepted = { messages: new Set(), keys: new Set() };
  const clients: PushClient[] = [];
  let isOver = false;
  try {
    const app = await mesh.app();
    const sender = mesh.sender(app);
    ({ secret: receiver.secret } = await sender.webhooks.create({ url: await receiver.open() }));
    for (let n = 0; n < devices; n++) {
      const client = await connect({ url: mesh.url, appId: app.appId, storage: memoryStorage() });
      client.onMessage(() => {});
      clients.push(client);
    }
    const loads = clients.map((client) => load(sender, client, accepted, () => isOver));
    const victims = nextVictim(mesh, random);
    for (let round = 1; round <= rounds; round++) {
      await sleep(random.between(...ROUND_MS));
      const victim = victims();
      await mesh.kill(victim);
      for (const client of clients) client.reconnectNow();
      log(`round ${round}: killed ${victim}; ${receiver.requests} requests so far`);
    }
    await until(
      "enough is accepted",
      () => accepted.messages.size >= 10 * rounds && accepted.keys.size >= 5 * rounds,
      DRAIN_MS,
    );
    isOver = true;
    for (const client of clients) client.reconnectNow();
    await Promise.all(loads);
    receiver.isWell = true;
    await until(
      () => `${missing(accepted, receiver).length} events`,
      () => missing(accepted, receiver).length === 0,
      DRAIN_MS,
    ).catch((error: unknown) => log(`${error}`));
    return verdictOf(accepted, receiver);
  } catch (error) {
    throw new Error(`the mesh said:\n${mesh.output}`, { cause: error });
  } finally {
    isOver = true;
    for (const client of clients) await client.close();
    receiver.close();
    await mesh.stop();
  }
}

/** What was accepted, and has not been told. */
function missing({ messages, keys }: Accepted, { seen }: SickReceiver): readonly string[] {
  const told = new Set<string>();
  for (const { event } of seen.values()) {
    if ("messageId" in event) told.add(event.messageId);
    if (event.type === "upstream") told.add(event.key);
  }
  return [...messages, ...keys].filter((one) => !told.has(one));
}

function verdictOf(accepted: Accepted, receiver: SickReceiver): WebhookVerdict {
  const { seen, untrue, requests } = receiver;
  const doubled: string[] = [];
  const byKey = new Map<string, string>();
  for (const [id, { event, ids }] of seen) {
    if (ids.size > 1) doubled.push(`${event.type} ${id} came as ${[...ids].join(", ")}`);
    if (event.type !== "upstream") continue;
    const named = `${event.regId} ${event.key}`;
    if (byKey.has(named)) doubled.push(`upstream ${named}`);
    byKey.set(named, id);
  }
  return {
    ...{ sent: accepted.messages.size, upstream: accepted.keys.size, requests },
    ...{ lost: missing(accepted, receiver), doubled, disordered: [], untrue },
  };
}

export const inOneLine = ({ sent, upstream, requests, lost, doubled }: WebhookVerdict): string =>
  `${sent} messages and ${upstream} upstream messages in ${requests} requests: ${lost.length} lost, ${doubled.length} doubled`;

if (import.meta.main) {
  await runFromCommandLine(killWithWebhooks, { rounds: 10, devices: 6 }, inOneLine);
}
