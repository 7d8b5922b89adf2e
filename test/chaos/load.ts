/** The senders: many requests under way, each with its own fate noted in the ledger. */
import type { ErrorCode } from "../../schema/errors.ts";
import { PRIORITY_NAMES, type SendAnswerBody } from "../../schema/http.ts";
import { type PushServer, PushServerError, type SendOptions } from "../../sdk/server/mod.ts";
import type { FleetDevice } from "./fleet.ts";
import type { Ledger, Sent } from "./ledger.ts";
import type { Random } from "./random.ts";
import { until } from "./wait.ts";

/** Requests under way at a time. */
const SENDERS = 24;
/** Sends to one lane in a row, so that order has something to show. */
const BURST = 6;
/** Unseen messages at which the senders pause: a mailbox takes 1,000, and what overflows would be a named end. */
const BACKLOG = 800;
/** Until a request that lost its connection is given up: longer than several restarts, between which it may not get through. */
const PATIENCE_MS = 120_000;
/** Accepted messages for each round of a campaign: a slow machine sends few in its time, and a check of few shows little. */
const ROUND_MESSAGES = 50;
const PADDING_BYTES = [0, 30, 600, 3_500] as const;

/** A request lost its connection, or the mesh failed: nobody knows whether it was accepted. */
function isUnanswered(error: PushServerError): boolean {
  return error.status === undefined || error.status >= 500;
}

export interface LoadOptions {
  readonly sender: PushServer;
  readonly devices: readonly FleetDevice[];
  readonly ledger: Ledger;
  readonly random: Random;
  /** Refusals that the faults of a run bring about, and that a sender tries again after. */
  readonly passing?: readonly ErrorCode[];
}

export class Load {
  readonly #options: LoadOptions;
  readonly #workers: Promise<void>[];
  #stopped = false;
  #failure: unknown;

  /** Sends from now on. */
  constructor(options: LoadOptions) {
    this.#options = options;
    const work = (): Promise<void> =>
      this.#work().catch((error: unknown) => {
        this.#failure ??= error;
        this.#stopped = true;
      });
    this.#workers = Array.from({ length: SENDERS }, work);
  }

  /** Goes on until enough were accepted for so many rounds. */
  async suffice(rounds: number): Promise<void> {
    const enough = rounds * ROUND_MESSAGES;
    const { ledger } = this.#options;
    const done = () => this.#stopped || ledger.acceptedCount >= enough;
    await until(() => `${enough} accepted, of ${ledger.acceptedCount}`, done, PATIENCE_MS);
  }

  /** Starts no more bursts; resolves when every request has its answer or was given up. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#workers);
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #work(): Promise<void> {
    const { random, devices, ledger } = this.#options;
    while (!this.#stopped) {
      // Most devices are online most of the time, so it goes down again.
      const room = () => this.#stopped || ledger.missing < BACKLOG;
      await until("a smaller backlog", room, PATIENCE_MS);
      // The first are sent to most: their windows fill, and what follows has to wait its turn.
      const device = devices[Math.floor(random.next() ** 2 * devices.length)];
      if (device === undefined) throw new Error("no devices");
      const priority = random.pick(PRIORITY_NAMES);
      // What two senders send to one lane side by side may be accepted either way; within a burst it may not.
      for (let i = random.between(1, BURST); i > 0 && !this.#stopped; i--) {
        await this.#sendOne(device, priority);
      }
    }
  }

  async #sendOne(device: FleetDevice, priority: (typeof PRIORITY_NAMES)[number]): Promise<void> {
    const { ledger, random } = this.#options;
    const ttl = random.chance(0.05) ? 0 : 3_600;
    const idempotencyKey = `${random.between(0, 2 ** 31)}-${random.between(0, 2 ** 31)}`;
    const lane = `${device.regId.slice(-8)} ${priority}`;
    const sent = ledger.open({ lane, to: device.regId, ttl, idempotencyKey });
    const padding = "x".repeat(random.pick(PADDING_BYTES));
    const message = { to: device.regId, data: { number: sent.number, padding }, ttl, priority };
    const request = () =>
      this.#options.sender.send(message, { idempotencyKey, ...this.#patience() });

    const answer = await this.#insist(sent, request);
    // A sender that lost the answer, or runs twice, asks again: it is still one message.
    if (answer !== undefined && random.chance(0.05)) await this.#insist(sent, request);
  }

  #patience(): SendOptions {
    const { random } = this.#options;
    if (random.chance(0.5)) return { respondAsync: true };
    // Without a wait of its own a send waits 5 s for a device whose link is dead: few, or nothing else gets sent.
    return random.chance(0.9) ? { wait: random.between(0, 1) } : {};
  }

  /** Repeats a request that got no answer, or sometimes gives it up. */
  async #insist(
    sent: Sent,
    request: () => Promise<SendAnswerBody>,
  ): Promise<SendAnswerBody | undefined> {
    const { ledger, random, passing = [] } = this.#options;
    const insists = random.chance(0.7);
    let answer: SendAnswerBody | undefined;
    let last = "no attempt ended";
    const attempt = async (): Promise<boolean> => {
      try {
        answer = await request();
        return true;
      } catch (error) {
        if (!(error instanceof PushServerError)) throw error;
        const { code } = error;
        last = `${code}: ${error.message}`;
        if (passing.some((one) => one === code)) return false;
        if (!isUnanswered(error)) throw error;
        return !insists;
      }
    };
    await until(() => `an answer for #${sent.number} (${last})`, attempt, PATIENCE_MS);
    if (answer !== undefined) ledger.accepted(sent, answer);
    return answer;
  }
}
