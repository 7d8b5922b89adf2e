/** A subscriber of a peer: a connection that counts what it gets. */
import { openMqtt } from "../peers/mosquitto.ts";
import { openNats } from "../peers/nats-server.ts";
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
    const client = await openNats(address);
    client.subscribe(EVERYBODY, { callback: onMessage });
    await client.flush();
    return { close: () => void client.close() };
  }
  const client = await openMqtt(address, `subscriber${n}`, true, onMessage);
  await client.subscribeAsync(EVERYBODY, { qos: answering ? 1 : 0 });
  return { close: () => client.end() };
}
