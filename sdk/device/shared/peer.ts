/** A client at the engine: what it was given and asked, and whether it is awake. */
import { LIVENESS_MS, SLEEPER_MESSAGES } from "../constants.ts";
import { PushError } from "../errors.ts";
import type { Host } from "../host.ts";
import type {
  FromEngine,
  FromEnginePort,
  Joining,
  Outcome,
  Question,
  ToEngine,
} from "./protocol.ts";

type Replying = Extract<ToEngine, { readonly kind: "got" | "outcome" | "answer" | "refusal" }>;

interface Asked {
  /** Ends the wait for a sign of life: it said that it has it. */
  got(): void;
  /** Whether it is asleep, or gone, has changed. */
  onChange(): void;
  settle(reply: Exclude<Replying, { readonly kind: "got" }>): void;
}

/** What became of a message that a client was given. */
export interface Given {
  /** Undefined while the client has it; null if it is gone. */
  readonly outcome: Outcome | null | undefined;
  /** Nobody waits for a client that is asleep. */
  readonly isAwaited: boolean;
}

export class Peer {
  /** As it joined; undefined of one that is known by its lock alone. */
  joining: Joining | undefined;
  listens: boolean;
  /** Its calls in progress, by number. */
  readonly calls = new Map<number, AbortController>();
  readonly #host: Pick<Host, "after">;
  readonly #port: FromEnginePort;
  readonly #asked = new Map<number, Asked>();
  #next = 1;
  #isAsleep: boolean;
  #isGone = false;

  /** @param isKnown false if it has not joined yet: it may be asleep, and may listen */
  constructor(host: Pick<Host, "after">, port: FromEnginePort, isKnown: boolean) {
    this.#host = host;
    this.#port = port;
    this.listens = !isKnown;
    this.#isAsleep = !isKnown;
  }

  get isAsleep(): boolean {
    return this.#isAsleep;
  }

  post(message: FromEngine): void {
    if (!this.#isGone) this.#port.postMessage(message);
  }

  /** It has said something. */
  wake(): void {
    if (!this.#isAsleep) return;
    this.#isAsleep = false;
    this.#changed();
  }

  /** Gives it a message. @param onChange called whenever the answer is another one */
  give(message: Extract<FromEngine, { kind: "message" }>["message"], onChange: () => void): Given {
    const peer = this;
    let outcome: Outcome | null | undefined;
    if (this.#isGone || this.#asked.size >= SLEEPER_MESSAGES)
      return { outcome: null, isAwaited: false };
    const asked = this.#ask(onChange, (reply) => {
      if (reply.kind === "outcome") outcome = reply.outcome;
    });
    this.post({ kind: "message", asked, message });
    return {
      get outcome() {
        return outcome === undefined && peer.#isGone ? null : outcome;
      },
      get isAwaited() {
        return outcome === undefined && !peer.#isGone && !peer.#isAsleep;
      },
    };
  }

  /** Resolves with its answer; rejects with its error, and with undefined if it is gone or asleep. */
  ask(question: Question): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    if (this.#isGone) return Promise.reject();
    const asked = this.#ask(
      () => {
        if (this.#isAsleep || this.#isGone) reject();
      },
      (reply) => {
        if (reply.kind === "answer") resolve(reply.value);
        else if (reply.kind === "refusal") reject(new PushError(reply.error));
      },
    );
    this.post({ kind: "question", asked, question });
    return promise;
  }

  /** What it replies to what it was given or asked. */
  receive(reply: Replying): void {
    const asked = this.#asked.get(reply.asked);
    if (asked === undefined) return;
    asked.got();
    if (reply.kind === "got") return;
    this.#asked.delete(reply.asked);
    asked.settle(reply);
    asked.onChange();
  }

  /** It is gone. */
  end(): void {
    this.#isGone = true;
    for (const { got } of this.#asked.values()) got();
    this.#changed();
    this.#asked.clear();
    this.#port.close();
  }

  #ask(onChange: Asked["onChange"], settle: Asked["settle"]): number {
    const number = this.#next++;
    const got = this.#host.after(LIVENESS_MS, () => {
      if (this.#isAsleep) return;
      this.#isAsleep = true;
      this.#changed();
    });
    this.#asked.set(number, { got, onChange, settle });
    return number;
  }

  #changed(): void {
    for (const { onChange } of [...this.#asked.values()]) onChange();
  }
}
