/** A subscriber of a peer: a connection that counts what it gets. */
import { MqttClient } from "../peers/mqtt.ts";
import { NatsClient } from "../peers/nats.ts";
import { EVERYBODY, type Protocol } from "../peers/peer.ts";
import type { Address } from "./http.ts";

export interface PeerAddress {
  readonly address: Address;
  readonly protocol: Protocol;
}

/** @param answering MQTT's QoS 1; NATS knows no such thing */
export async function subscribe(
  { address, protocol }: PeerAddress,
  n: number,
  answering: boolean,
  onMessage: () => void,
): Promise<{ close(): void }> {
  if (protocol === "nats") {
    const client = await NatsClient.open(address, EVERYBODY);
    client.countAll(onMessage);
    return client;
  }
  const client = await MqttClient.open(address, `subscriber${n}`, true);
  client.onMessage = onMessage;
  await client.subscribe(EVERYBODY, answering ? 1 : 0);
  return client;
}
