/** Frames about messages, as they go onto the socket of the device. */
import type { Message } from "../../../schema/generated/link.ts";
import type { Context } from "../../link/effects.ts";
import { bytesOfKey } from "../../message/key.ts";
import type { CurrentLink } from "../current-link.ts";
import type { Registration } from "../registration.ts";

export class MailSocket {
  readonly #link: CurrentLink;

  constructor(link: CurrentLink) {
    this.#link = link;
  }

  /** Whether the app listens on a link that stands. */
  reaches(registration: Registration): boolean {
    return this.#link.reaches(registration);
  }

  /** Messages that fit into one frame. */
  deliver(messages: readonly Message[], context: Context): void {
    this.#link.send({ kind: "deliver", value: { messages } }, context);
  }

  /** Tells the app not to show a message that is on its socket, if it has not shown it yet. */
  withdraw({ slot }: Registration, key: string, context: Context): void {
    this.#link.send({ kind: "withdraw", value: { slot, key: bytesOfKey(key) } }, context);
  }

  /** The time of a message on the socket is over: the device is asked, once, to drop it if the app was not given it. */
  withdrawOverdue(registration: Registration, key: string, context: Context): void {
    const entry = registration.inFlight.get(key);
    if (entry === undefined || entry.withdrawn || entry.ended !== null) return;
    entry.withdrawn = true;
    this.withdraw(registration, key, context);
  }
}
