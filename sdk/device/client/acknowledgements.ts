/** Tells the push service which messages the app has handled or dropped. */
import type { Message } from "../../../schema/generated/link.ts";
import type { ClientPort } from "../port.ts";
import type { Incoming } from "./message.ts";

/** @param discarded The app did not get it. */
export function postAcknowledgement(
  port: ClientPort,
  link: number,
  message: Incoming,
  discarded: boolean,
): void {
  if ("tag" in message) {
    const { slot, tagRef, position } = message;
    const cursor = { slot, tagRef, position };
    port.postMessage({ kind: "cursor", link, cursor, discarded });
  } else {
    const { priority, seq } = message;
    const dropped = discarded ? { discarded: seq } : {};
    port.postMessage({ kind: "ack", link, priority, seq, ...dropped });
  }
}

/** A message that is dropped before its turn: those before it in its lane are not acknowledged. */
export function postDiscard(port: ClientPort, link: number, { priority, seq }: Message): void {
  port.postMessage({ kind: "ack", link, priority, seq: 0, discarded: seq });
}
