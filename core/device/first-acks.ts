/** Messages of shared aliases that the first device to acknowledge has for itself: the alias is told to withdraw the others. */
import type { Effects } from "../link/effects.ts";
import { aliasObjectName } from "../tag/name.ts";
import type { Calls } from "./calls.ts";
import type { Registration } from "./registration.ts";
import type { Retries } from "./retries.ts";
import type { MailStore } from "./store.ts";

export interface FirstAckParts {
  readonly store: Pick<MailStore, "deleteMail">;
  readonly calls: Calls;
  readonly retries: Retries;
  /** Of the device's object. */
  readonly name: string;
}

/** A message that this device was the first to acknowledge. */
export interface FirstAck {
  readonly alias: string;
  readonly key: Uint8Array;
  readonly seq: number | null;
  readonly expiresAt: number;
}

export class FirstAcks {
  readonly #parts: FirstAckParts;
  /** Rows that stay until the others were told, by slot: after a crash they are sent, acknowledged and told again. */
  readonly #rows = new Map<number, Set<number>>();

  constructor(parts: FirstAckParts) {
    this.#parts = parts;
  }

  /**
   * Tells the alias, again and again until all holders have heard of it or the message has expired: then none shows it any more.
   * A message without a row is told of for as long as this object is in memory.
   *
   * @param seq of the message's row; null where it has none
   * @param expiresAt of the message, milliseconds since 1970
   */
  tell(
    registration: Registration,
    { alias, key, seq, expiresAt }: FirstAck,
    now: number,
    effects: Effects,
  ): void {
    const { slot, record } = registration;
    const rows = this.#rows.get(slot) ?? new Set<number>();
    if (seq !== null) this.#rows.set(slot, rows.add(seq));
    const holder = { device: this.#parts.name, generation: registration.generation };
    const request = { app: record.app, alias, holder, key };
    const body = {
      kind: "alias",
      name: aliasObjectName(record.app, alias),
      call: { method: "firstAck", request },
    } as const;
    const call = {
      begin: () => body,
      done: (result: { readonly ok: boolean }, at: number) => {
        if (!result.ok && at < expiresAt) this.#parts.retries.add(call, ask, at);
        else if (seq !== null && rows.delete(seq)) this.#parts.store.deleteMail([seq]);
      },
    };
    const ask = (when: number, out: Effects) => this.#parts.calls.ask(call, when, out);
    ask(now, effects);
  }

  /** The registration has ended, and its rows with it. */
  end(slot: number): void {
    const rows = this.#rows.get(slot);
    if (rows === undefined) return;
    this.#parts.store.deleteMail([...rows]);
    rows.clear();
  }
}
