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
  /** Ends the wait for a sign of life, or until the next one is asked for. */
  #unwatch = () => {};
  /** It was asked, and has said nothing since. */
  #isExpected = false;
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
  heard(): void {
    this.#unwatch();
    this.#isExpected = false;
    if (this.#asked.size > 0) this.#unwatch = this.#host.after(LIVENESS_MS, () => this.#probe());
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
    if (this.#isGone || this.#isAsleep) return Promise.reject();
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
    if (asked === undefined || reply.kind === "got") return;
    this.#asked.delete(reply.asked);
    asked.settle(reply);
    asked.onChange();
  }

  /** It is gone. */
  end(): void {
    this.#isGone = true;
    this.#unwatch();
    this.#changed();
    this.#asked.clear();
    this.#port.close();
  }

  #ask(onChange: Asked["onChange"], settle: Asked["settle"]): number {
    const number = this.#next++;
    this.#asked.set(number, { onChange, settle });
    this.#expect();
    return number;
  }

  /** It may have been frozen while it is at work. */
  #probe(): void {
    const [asked] = this.#asked.keys();
    if (asked === undefined) return;
    this.post({ kind: "alive", asked });
    this.#expect();
  }

  /** It is asleep if it says nothing now. */
  #expect(): void {
    if (this.#isExpected || this.#isAsleep) return;
    this.#isExpected = true;
    this.#unwatch();
    this.#unwatch = this.#host.after(LIVENESS_MS, () => {
      this.#isExpected = false;
      this.#isAsleep = true;
      this.#changed();
    });
  }

  #changed(): void {
    for (const { onChange } of [...this.#asked.values()]) onChange();
  }
}
