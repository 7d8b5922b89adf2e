/**
 * Which holders have heard, or are being told, that a message of `firstAckWins` was taken: when several take it at once, or repeat
 * that they did, each other holder is called once. In memory only: after a sleep they are told once more.
 */
import { BoundedMap } from "../../schema/bounded-map.ts";
import { LIMITS } from "../../schema/limits.ts";
import { toBase64Url } from "../../schema/text.ts";
import type { Holder } from "./types.ts";

/** A set anew is another: what a device that left and came back knows is not asked here. */
const idOf = ({ device, generation, epoch = 0 }: Holder): string =>
  `${device} ${generation} ${epoch}`;

/** The withdrawal of one message. */
class Withdrawal {
  /** Calls that are under way or succeeded, by holder. */
  readonly #calls = new Map<string, Promise<boolean>>();
  /** When it began, milliseconds since 1970. */
  readonly at: number;

  constructor(at: number) {
    this.at = at;
  }

  /** It knows by itself. */
  heard(holder: Holder): void {
    this.#calls.set(idOf(holder), Promise.resolve(true));
  }

  /**
   * Calls a holder that has not heard and is not being called.
   *
   * @param call resolves to whether it has heard; never rejects
   */
  tell(holder: Holder, call: () => Promise<boolean>): Promise<boolean> {
    const id = idOf(holder);
    const known = this.#calls.get(id);
    if (known !== undefined) return known;
    const calling = call().then((isTold) => {
      // It may have taken the message itself meanwhile.
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

  /** Of the message with this key. */
  of(key: Uint8Array, now: number): Withdrawal {
    // Whoever heard of a key remembers that for its life; also where the clock was set back.
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
