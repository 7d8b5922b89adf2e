/** What was sent to the apps of a push service, and what they have shown, life by life. */

interface Sent {
  readonly lane: string;
  isAccepted: boolean;
  /** When its sender had learned that it was acknowledged; undefined if it has not. */
  deliveredAt: number | undefined;
  /** When the app showed it, and in which of its lives. */
  readonly shown: { readonly life: number; readonly at: number }[];
}

interface Kill {
  readonly life: number;
  readonly at: number;
}

export interface ServiceVerdict {
  readonly accepted: number;
  readonly seen: number;
  /** Shown once more by the life after a kill, and not acknowledged before it: what a crash in the handler may do (P2.1). */
  readonly again: number;
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  readonly disordered: readonly string[];
  readonly untrue: readonly string[];
}

/** How long before a kill a message may have been shown that comes again after it: the write of its window was under way. */
const WRITING_MS = 5_000;

export class ServiceLedger {
  readonly #sent: Sent[] = [];
  /** The first showings, by lane. */
  readonly #lanes = new Map<string, number[]>();
  readonly #doubled: string[] = [];
  readonly untrue: string[] = [];
  #again = 0;

  open(lane: string): number {
    return this.#sent.push({ lane, isAccepted: false, deliveredAt: undefined, shown: [] }) - 1;
  }

  accepted(number: number, isDelivered: boolean): void {
    const sent = this.#sent[number];
    if (sent === undefined) throw new Error(`no message ${number}`);
    sent.isAccepted = true;
    if (isDelivered) sent.deliveredAt = Date.now();
  }

  /** @param kills of the app, the last last */
  shown(number: number, lane: string, life: number, kills: readonly Kill[]): void {
    const sent = this.#sent[number];
    if (sent?.lane !== lane) throw new Error(`message ${number} of ${sent?.lane} came in ${lane}`);
    const before = sent.shown.at(-1);
    sent.shown.push({ life, at: Date.now() });
    if (before === undefined) {
      const numbers = this.#lanes.get(lane) ?? [];
      numbers.push(number);
      this.#lanes.set(lane, numbers);
      return;
    }
    const kill = kills.find((one) => one.life === before.life);
    const wasTold = kill && sent.deliveredAt !== undefined && sent.deliveredAt < kill.at;
    if (kill && life > before.life && !wasTold && kill.at - before.at < WRITING_MS) this.#again++;
    else this.#doubled.push(`#${number} (${lane}) in lives ${before.life} and ${life}`);
  }

  get acceptedCount(): number {
    return this.#sent.filter(({ isAccepted }) => isAccepted).length;
  }

  /** How many messages were shown. */
  get seen(): number {
    return this.#sent.filter(({ shown }) => shown.length > 0).length;
  }

  get missing(): number {
    return this.#sent.filter(({ isAccepted, shown }) => isAccepted && shown.length === 0).length;
  }

  verdict(): ServiceVerdict {
    const all = [...this.#sent.entries()];
    const lost = all.filter(([, { isAccepted, shown }]) => isAccepted && shown.length === 0);
    // One sender a lane, one message after another.
    const disordered = [...this.#lanes].flatMap(([lane, numbers]) =>
      numbers.flatMap((number, at) => {
        const before = numbers[at - 1] ?? -1;
        return number < before ? [`#${number} came after #${before} (${lane})`] : [];
      }),
    );
    return {
      accepted: this.acceptedCount,
      seen: this.seen,
      again: this.#again,
      lost: lost.map(([number, { lane }]) => `#${number} (${lane})`),
      doubled: this.#doubled,
      disordered,
      untrue: this.untrue,
    };
  }
}

export const serviceSummary = (verdict: ServiceVerdict): string =>
  `accepted ${verdict.accepted}, seen ${verdict.seen}, lost ${verdict.lost.length}, doubled ${verdict.doubled.length}, ` +
  `out of order ${verdict.disordered.length}, untrue answers ${verdict.untrue.length}; ${verdict.again} again after a kill in or right after the handler`;
