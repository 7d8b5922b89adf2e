/** Mosquitto with its persistence on: MQTT, QoS 1. A send ends with the broker's PUBACK; the device's is not waited for. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { forMs, pace, type Slice } from "../client/pace.ts";
import { MqttClient } from "./mqtt.ts";
import { Broker, EVERYBODY, freePort, MESSAGE, type Peer } from "./peer.ts";

/** No message more in so long: all have come. */
const QUIET_MS = 1_000;
/** Messages kept for one device; Mosquitto's own bound is 1,000. */
const KEPT_EACH = 100;
const DATA = Buffer.from(MESSAGE);

export async function mosquitto(folder: string, devices: number): Promise<Peer> {
  const port = await freePort();
  const config = join(folder, "mosquitto.conf");
  const lines = [
    `listener ${port} 127.0.0.1`,
    "allow_anonymous true",
    "persistence true",
    `persistence_location ${folder}/`,
    // It drops its rights otherwise, and then cannot write the folder.
    "user root",
    "max_queued_messages 0",
  ];
  writeFileSync(config, `${lines.join("\n")}\n`);
  const broker = new Broker({ host: "127.0.0.1", port }, ["mosquitto", "-c", config]);
  await broker.start();
  const { address } = broker;
  let clients: MqttClient[] = [];
  let next = 0;
  let publisher: MqttClient | undefined;

  const device = async (id: string, clean: boolean): Promise<MqttClient> => {
    const client = await MqttClient.open(address, id, clean);
    await client.subscribe(`d/${id}`);
    return client;
  };
  const publish = async (
    inFlight: number,
    more: () => boolean,
    topic: () => string,
  ): Promise<Slice> => {
    const lanes = await Promise.all(
      Array.from({ length: inFlight }, (_, lane) => MqttClient.open(address, `s${lane}`, true)),
    );
    const slice = await pace(inFlight, more, async (lane) => lanes[lane]?.publish(topic(), DATA));
    for (const lane of lanes) lane.close();
    return slice;
  };
  const away = async (name: string, count: number): Promise<void> => {
    for (let i = 0; i < count; i++) (await device(`${name}${i}`, false)).close();
  };

  return {
    name: "mosquitto",
    get pid() {
      return broker.pid;
    },
    async connect() {
      clients = [];
      for (let i = 0; i < devices; i++) clients.push(await device(`on${i}`, true));
    },
    send: (ms, inFlight) => publish(inFlight, forMs(ms), () => `d/on${next++ % devices}`),
    async store(ms, inFlight) {
      await away("off", devices);
      return publish(inFlight, forMs(ms), () => `d/off${next++ % devices}`);
    },
    storm: (ms, inFlight) =>
      pace(inFlight, forMs(ms), async (lane) => (await device(`storm${lane}`, true)).close()),
    async lostOnKill(count) {
      const kept = Math.ceil(count / KEPT_EACH);
      await away("kill", kept);
      let left = count;
      const { count: accepted } = await publish(
        8,
        () => left-- > 0,
        () => `d/kill${next++ % kept}`,
      );
      await broker.kill();
      await broker.start();
      const back: MqttClient[] = [];
      for (let i = 0; i < kept; i++) back.push(await MqttClient.open(address, `kill${i}`, false));
      const all = () => back.reduce((sum, { received }) => sum + received, 0);
      for (let before = -1; before !== all(); await sleep(QUIET_MS)) before = all();
      for (const client of back) client.close();
      return accepted - all();
    },
    address,
    protocol: "mqtt",
    async publishAll() {
      publisher ??= await MqttClient.open(address, "publisher", true);
      await publisher.publish(EVERYBODY, DATA);
    },
    end() {
      publisher?.close();
      for (const client of clients) client.close();
      void broker.kill();
    },
  };
}
