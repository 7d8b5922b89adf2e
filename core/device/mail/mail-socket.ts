/** Sends frames about messages to the device. */
import type { Message } from "../../../schema/generated/link.ts";
import type { Context } from "../../link/effects.ts";
import { decodeKey } from "../../message/key.ts";
import type { CurrentLink } from "../current-link.ts";
import type { Registration } from "../registration.ts";

export class MailSocket {
  readonly #link: CurrentLink;

  constructor(link: CurrentLink) {
    this.#link = link;
  }

  /** Whether the app is listening on an open link. */
  reaches(registration: Registration): boolean {
    return this.#link.reaches(registration);
  }

  /** Sends messages, which must fit into one frame. */
  deliver(registration: Registration, messages: readonly Message[], context: Context): void {
    this.#link.sendTo(registration, { kind: "deliver", value: { messages } }, context);
  }

  /** Tells the device to drop a message on its socket unless the app has it already. */
  withdraw(registration: Registration, key: string, context: Context): void {
    const value = { slot: registration.slot, key: decodeKey(key) };
    this.#link.sendTo(registration, { kind: "withdraw", value }, context);
  }

  /** The same for a recall by the sender: the app also takes the message off its display. */
  recall(
    registration: Registration,
    { key, seq }: { readonly key: string; readonly seq: number },
    context: Context,
  ): void {
    const value = { slot: registration.slot, key: decodeKey(key), recall: true, seq };
    this.#link.sendTo(registration, { kind: "withdraw", value }, context);
  }

  /** The same for a message that has expired on the socket; sent once. */
  withdrawOverdue(registration: Registration, key: string, context: Context): void {
    const entry = registration.inFlight.get(key);
    if (entry === undefined || entry.withdrawn || entry.ended !== null) return;
    entry.withdrawn = true;
    this.withdraw(registration, key, context);
  }
}
