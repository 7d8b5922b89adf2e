/** Mosquitto with its persistence on: MQTT, QoS 1. A send ends with the broker's PUBACK; the device's is not waited for. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type MqttClient } from "mqtt";
import type { Address } from "../client/http.ts";
import { forMs, pace, type Slice } from "../client/pace.ts";
import { Broker, EVERYBODY, freePort, MESSAGE, type Peer } from "./peer.ts";

/** No message more in so long: all have come. */
const QUIET_MS = 1_000;
/** Messages kept for one device; Mosquitto's own bound is 1,000. */
const KEPT_EACH = 100;
const DATA = Buffer.from(MESSAGE);
const QOS_1 = { qos: 1 } as const;
const MQTT_3_1_1 = 4;

/**
 * Opens a connection that is not opened again: a broker that is killed takes its clients with it.
 *
 * @param clean false: the broker keeps the subscription and its messages while the client is away
 * @param onMessage called with each message, also with one that comes before the promise resolves
 */
export async function openMqtt(
  { host, port }: Address,
  clientId: string,
  clean: boolean,
  onMessage: () => void = () => {},
): Promise<MqttClient> {
  const client = connect({
    ...{ host, port, clientId, clean },
    ...{ protocolVersion: MQTT_3_1_1, reconnectPeriod: 0, keepalive: 0 },
  });
  client.on("message", onMessage);
  await new Promise<void>((resolve, reject) =>
    client.once("connect", () => resolve()).once("error", reject),
  );
  // Whoever waits has a time limit of its own.
  client.on("error", () => {});
  return client;
}

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
    const client = await openMqtt(address, id, clean);
    await client.subscribeAsync(`d/${id}`, QOS_1);
    return client;
  };
  const publish = async (
    inFlight: number,
    more: () => boolean,
    topic: () => string,
    connections = inFlight,
  ): Promise<Slice> => {
    const lanes = await Promise.all(
      Array.from({ length: connections }, (_, lane) => openMqtt(address, `s${lane}`, true)),
    );
    const slice = await pace(inFlight, more, async (lane) => {
      await lanes[lane % connections]?.publishAsync(topic(), DATA, QOS_1);
    });
    for (const lane of lanes) lane.end();
    return slice;
  };
  const away = async (name: string, count: number): Promise<void> => {
    for (let i = 0; i < count; i++) await (await device(`${name}${i}`, false)).endAsync();
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
    send: (ms, inFlight, connections) =>
      publish(inFlight, forMs(ms), () => `d/on${next++ % devices}`, connections),
    async store(ms, inFlight, connections) {
      await away("off", devices);
      return publish(inFlight, forMs(ms), () => `d/off${next++ % devices}`, connections);
    },
    storm: (ms, inFlight) =>
      pace(inFlight, forMs(ms), async (lane) => (await device(`storm${lane}`, true)).endAsync()),
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
      let received = 0;
      const onMessage = () => {
        received++;
      };
      for (let i = 0; i < kept; i++)
        back.push(await openMqtt(address, `kill${i}`, false, onMessage));
      for (let before = -1; before !== received; await sleep(QUIET_MS)) before = received;
      for (const client of back) client.end();
      return accepted - received;
    },
    address,
    protocol: "mqtt",
    async publishAll() {
      publisher ??= await openMqtt(address, "publisher", true);
      await publisher.publishAsync(EVERYBODY, DATA, QOS_1);
    },
    end() {
      publisher?.end();
      for (const client of clients) client.end();
      void broker.kill();
    },
  };
}
