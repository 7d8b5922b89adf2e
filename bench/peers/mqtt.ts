/** As much of an MQTT 3.1.1 client as a benchmark needs: QoS 1, one publication under way. */
import type { Address } from "../client/http.ts";
import { Wire } from "./wire.ts";

const CONNECT = 0x10;
const CONNACK = 0x20;
const PUBLISH = 0x30;
const QOS_1 = 0x02;
const PUBACK = 0x40;
const SUBSCRIBE = 0x82;
const SUBACK = 0x90;
const DISCONNECT = 0xe0;
const CLEAN_SESSION = 0x02;
const VERSION_4 = 4;

const text = (value: string): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
};

function packet(first: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length: number[] = [];
  for (let left = body.length; left > 0 || length.length === 0; left >>= 7) {
    length.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
  }
  return Buffer.concat([Buffer.from([first, ...length]), body]);
}

export class MqttClient {
  #wire: Wire | undefined;
  /** Waits for the answer to what was sent last. */
  #answered: (() => void) | undefined;
  received = 0;
  /** Called with each message. */
  onMessage: () => void = () => {};

  /** @param clean false: the broker keeps the subscription and its messages while the client is away */
  static async open(address: Address, id: string, clean: boolean): Promise<MqttClient> {
    const client = new MqttClient();
    const wire = await Wire.open(address, (bytes) => client.#cut(bytes));
    client.#wire = wire;
    const flags = Buffer.from([VERSION_4, clean ? CLEAN_SESSION : 0, 0, 0]);
    await client.#ask(packet(CONNECT, text("MQTT"), flags, text(id)));
    return client;
  }

  /** @param qos 0: the broker is not told that a message has come */
  subscribe(topic: string, qos: 0 | 1 = 1): Promise<void> {
    return this.#ask(packet(SUBSCRIBE, Buffer.from([0, 1]), text(topic), Buffer.from([qos])));
  }

  /** Resolves with the broker's acknowledgement. */
  publish(topic: string, data: Buffer): Promise<void> {
    return this.#ask(packet(PUBLISH | QOS_1, text(topic), Buffer.from([0, 1]), data));
  }

  /** Leaves as a client should: the broker publishes no last will. */
  close(): void {
    this.#wire?.write(packet(DISCONNECT));
    this.#wire?.close();
  }

  #ask(bytes: Buffer): Promise<void> {
    return new Promise((resolve) => {
      this.#answered = resolve;
      this.#wire?.write(bytes);
    });
  }

  #cut(bytes: Buffer): number {
    let length = 0;
    let at = 1;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) return 0;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    if (bytes.length < at + length) return 0;
    const kind = (bytes[0] ?? 0) & 0xf0;
    if (kind === PUBLISH) this.#receive(bytes, at);
    else if (kind === PUBACK || kind === CONNACK || kind === SUBACK) this.#answered?.();
    return at + length;
  }

  #receive(bytes: Buffer, at: number): void {
    this.received++;
    this.onMessage();
    if (((bytes[0] ?? 0) & QOS_1) === 0) return;
    const idAt = at + 2 + bytes.readUInt16BE(at);
    this.#wire?.write(packet(PUBACK, bytes.subarray(idAt, idAt + 2)));
  }
}
