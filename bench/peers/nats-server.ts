/**
 * NATS. To a connected device: a request that the device answers, nothing kept. To one that is not: JetStream in a
 * file, answered when the stream has it; it syncs the disk every two minutes.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { forMs, pace, type Slice } from "../client/pace.ts";
import { NatsClient } from "./nats.ts";
import { Broker, EVERYBODY, freePort, MESSAGE, type Peer } from "./peer.ts";

const STREAM = { name: "MAIL", subjects: ["mail.*"], storage: "file" };
const READY_LOOK_MS = 100;

export async function nats(folder: string, devices: number): Promise<Peer> {
  const port = await freePort();
  const args = ["-a", "127.0.0.1", "-p", `${port}`, "-js", "-sd", folder] as const;
  const broker = new Broker({ host: "127.0.0.1", port }, ["nats-server", ...args]);
  await broker.start();
  const { address } = broker;
  const admin = await NatsClient.open(address, "_INBOX.admin");
  await admin.request(`$JS.API.STREAM.CREATE.${STREAM.name}`, JSON.stringify(STREAM));
  admin.close();
  let clients: NatsClient[] = [];
  let next = 0;
  let publisher: NatsClient | undefined;

  const device = async (subject: string): Promise<NatsClient> => {
    const client = await NatsClient.open(address, subject);
    client.answerAll();
    return client;
  };
  const request = async (
    inFlight: number,
    more: () => boolean,
    subject: () => string,
  ): Promise<Slice> => {
    const lanes = await Promise.all(
      Array.from({ length: inFlight }, (_, lane) => NatsClient.open(address, `_INBOX.s${lane}`)),
    );
    const slice = await pace(inFlight, more, async (lane) => {
      await lanes[lane]?.request(subject(), MESSAGE);
    });
    for (const lane of lanes) lane.close();
    return slice;
  };
  const kept = async (): Promise<number> => {
    const client = await NatsClient.open(address, "_INBOX.count");
    try {
      for (;;) {
        const info = JSON.parse(await client.request(`$JS.API.STREAM.INFO.${STREAM.name}`, "")) as {
          state?: { messages: number };
        };
        if (info.state !== undefined) return info.state.messages;
        await sleep(READY_LOOK_MS);
      }
    } finally {
      client.close();
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
    send: (ms, inFlight) => request(inFlight, forMs(ms), () => `on.${next++ % devices}`),
    store: (ms, inFlight) => request(inFlight, forMs(ms), () => `mail.${next++ % devices}`),
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
      publisher ??= await NatsClient.open(address, "_INBOX.publisher");
      await publisher.publish(EVERYBODY, MESSAGE);
    },
    end() {
      publisher?.close();
      for (const client of clients) client.close();
      void broker.kill();
    },
  };
}
