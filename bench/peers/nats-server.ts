/**
 * NATS. To a connected device: a request that the device answers, nothing kept. To one that is not: JetStream in a
 * file, answered when the stream has it; it syncs the disk every two minutes.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import type { Address } from "../client/http.ts";
import { forMs, pace, type Slice } from "../client/pace.ts";
import { Broker, EVERYBODY, freePort, MESSAGE, type Peer } from "./peer.ts";

const STREAM = { name: "MAIL", subjects: ["mail.*"], storage: "file" };
const READY_LOOK_MS = 100;
/** Of a request; the client's own is a second, which a busy machine takes longer for. */
const TIMEOUT = { timeout: 10_000 };

/** A connection that is not opened again: a server that is killed takes its clients with it. */
export const openNats = ({ host, port }: Address): Promise<NatsConnection> =>
  connect({ servers: `${host}:${port}`, reconnect: false });

export async function nats(folder: string, devices: number): Promise<Peer> {
  const port = await freePort();
  const args = ["-a", "127.0.0.1", "-p", `${port}`, "-js", "-sd", folder] as const;
  const broker = new Broker({ host: "127.0.0.1", port }, ["nats-server", ...args]);
  await broker.start();
  const { address } = broker;
  const admin = await openNats(address);
  await admin.request(`$JS.API.STREAM.CREATE.${STREAM.name}`, JSON.stringify(STREAM), TIMEOUT);
  await admin.close();
  let clients: NatsConnection[] = [];
  let next = 0;
  let publisher: NatsConnection | undefined;

  /** Answers everything that comes, as a device acknowledges. */
  const device = async (subject: string): Promise<NatsConnection> => {
    const client = await openNats(address);
    client.subscribe(subject, { callback: (_, message) => void message.respond() });
    await client.flush();
    return client;
  };
  const request = async (
    inFlight: number,
    more: () => boolean,
    subject: () => string,
    connections = inFlight,
  ): Promise<Slice> => {
    const lanes = await Promise.all(Array.from({ length: connections }, () => openNats(address)));
    const slice = await pace(inFlight, more, async (lane) => {
      await lanes[lane % connections]?.request(subject(), MESSAGE, TIMEOUT);
    });
    for (const lane of lanes) await lane.close();
    return slice;
  };
  const kept = async (): Promise<number> => {
    const client = await openNats(address);
    try {
      for (;;) {
        const answer = await client.request(`$JS.API.STREAM.INFO.${STREAM.name}`, "", TIMEOUT);
        const info = answer.json<{ state?: { messages: number } }>();
        if (info.state !== undefined) return info.state.messages;
        await sleep(READY_LOOK_MS);
      }
    } finally {
      await client.close();
    }
  };

  return {
    name: "nats",
    get pid() {
      return broker.pid;
    },
    async connect() {
      clients = [];
      for (let i = 0; i < devices; i++) clients.push(await device(`on.${i}`));
    },
    send: (ms, inFlight, connections) =>
      request(inFlight, forMs(ms), () => `on.${next++ % devices}`, connections),
    store: (ms, inFlight, connections) =>
      request(inFlight, forMs(ms), () => `mail.${next++ % devices}`, connections),
    storm: (ms, inFlight) =>
      pace(inFlight, forMs(ms), async (lane) => (await device(`storm.${lane}`)).close()),
    async lostOnKill(count) {
      const before = await kept();
      let left = count;
      const more = () => left-- > 0;
      const { count: accepted } = await request(8, more, () => `mail.${next++ % devices}`);
      await broker.kill();
      await broker.start();
      return accepted + before - (await kept());
    },
    address,
    protocol: "nats",
    async publishAll() {
      publisher ??= await openNats(address);
      publisher.publish(EVERYBODY, MESSAGE);
      // Answered once the server has taken what was sent before.
      await publisher.flush();
    },
    end() {
      void publisher?.close();
      for (const client of clients) void client.close();
      void broker.kill();
    },
  };
}
