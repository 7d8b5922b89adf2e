/**
 * Which holders were told to withdraw a `firstAckWins` message, or are being told. If several holders acknowledge it at the same time, or
 * repeat that, each other holder is called once. In memory only: after a sleep they are told once more.
 */
import { BoundedMap } from "../../schema/bounded-map.ts";
import { LIMITS } from "../../schema/limits.ts";
import { toBase64Url } from "../../schema/text.ts";
import type { Holder } from "./types.ts";

/** A holder that set the alias again is told again. */
const idOf = ({ device, generation, epoch = 0 }: Holder): string =>
  `${device} ${generation} ${epoch}`;

/** The withdrawal of one message. */
class Withdrawal {
  /** Calls that run or succeeded, by holder. */
  readonly #calls = new Map<string, Promise<boolean>>();
  /** When it began, milliseconds since 1970. */
  readonly at: number;

  constructor(at: number) {
    this.at = at;
  }

  /** This holder needs no call. */
  skip(holder: Holder): void {
    this.#calls.set(idOf(holder), Promise.resolve(true));
  }

  /**
   * Calls a holder that was not told and is not being called.
   *
   * @param call resolves to whether it succeeded; never rejects
   */
  tell(holder: Holder, call: () => Promise<boolean>): Promise<boolean> {
    const id = idOf(holder);
    const known = this.#calls.get(id);
    if (known !== undefined) return known;
    const calling = call().then((isTold) => {
      // Meanwhile, the holder itself may have acknowledged the message.
      if (!isTold && this.#calls.get(id) === calling) this.#calls.delete(id);
      return isTold;
    });
    this.#calls.set(id, calling);
    return calling;
  }
}

export class Withdrawals {
  /** By key. */
  readonly #byKey = new BoundedMap<string, Withdrawal>(LIMITS.ALIAS_WITHDRAWALS);

  /** The withdrawal of the message with this key. */
  of(key: Uint8Array, now: number): Withdrawal {
    // Holders that were told remember a key for this time, too. Also drops them if the clock was set back.
    for (const [text, { at }] of this.#byKey)
      if (Math.abs(now - at) > LIMITS.IDEMPOTENCY_KEY_MS) this.#byKey.delete(text);
    const text = toBase64Url(key);
    const known = this.#byKey.get(text);
    if (known !== undefined) return known;
    const withdrawal = new Withdrawal(now);
    this.#byKey.set(text, withdrawal);
    return withdrawal;
  }

  forget(key: Uint8Array): void {
    this.#byKey.delete(toBase64Url(key));
  }
}
