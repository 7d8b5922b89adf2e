/** Sends the messages of one request: some calls at a time, with other work in between, and an outcome for each. */
import { callAgain } from "../../objects/call.ts";
import { MeshError } from "../../schema/errors.ts";
import type { SingleTarget } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { leftOf, needsRoom } from "../calls/objects.ts";
import type { CallContext } from "../context.ts";
import { asMeshError } from "../problem.ts";
import { CallWindow } from "./call-window.ts";
import type { Outgoing } from "./message.ts";
import { type SendOutcome, sendOutgoing } from "./send.ts";
import { sendMade, singleOutcome, singleSend } from "./single.ts";

/** Messages between two turns of other work: read and handed to their devices in well under a millisecond. */
const SLICE_COUNT = 16;
/** Unless they are as costly as their sender can make them. On Workers, time stands still meanwhile, and a request has a thread of its own. */
const SLICE_MS = 5;

/**
 * Never rejects: what fails for one message is its outcome, and no other's.
 *
 * @param waitMs of all messages
 * @param read makes the message at this place; what it throws is the outcome
 * @returns the outcomes, in order
 */
export const sendEach = (
  c: CallContext,
  count: number,
  waitMs: number,
  read: (at: number) => Outgoing<SingleTarget>,
): Promise<readonly (SendOutcome | MeshError)[]> => new Sending(c, count, waitMs).run(read);

class Sending {
  readonly #c: CallContext;
  readonly #waitMs: number;
  readonly #outcomes: (SendOutcome | MeshError)[];
  readonly #window = new CallWindow(LIMITS.SEND_CALLS);
  /** Of `waitMs`, as of the slice that is being sent. */
  #leftMs = 0;

  constructor(c: CallContext, count: number, waitMs: number) {
    this.#c = c;
    this.#waitMs = waitMs;
    this.#outcomes = new Array<SendOutcome | MeshError>(count);
  }

  async run(
    read: (at: number) => Outgoing<SingleTarget>,
  ): Promise<readonly (SendOutcome | MeshError)[]> {
    const { length } = this.#outcomes;
    let from = Date.now();
    for (let at = 0; at < length; at++) {
      if (at > 0 && (at % SLICE_COUNT === 0 || Date.now() - from >= SLICE_MS)) {
        await turn(this.#c);
        from = Date.now();
      }
      if (this.#window.isFull) await this.#window.room();
      if (at % SLICE_COUNT === 0) this.#leftMs = leftOf(this.#c, this.#waitMs);
      try {
        this.#begin(at, read(at));
      } catch (error) {
        this.#fail(at, error);
      }
    }
    // One timer for all, not one for each.
    const ms = leftOf(this.#c, this.#waitMs) + LIMITS.CALL_MS;
    await this.#window.empty(ms);
    return Array.from(this.#outcomes, (outcome) => outcome ?? unanswered());
  }

  #begin(at: number, outgoing: Outgoing<SingleTarget>): void {
    const { to } = outgoing;
    if (typeof to === "string") this.#call(at, outgoing as Outgoing<string>);
    else this.#follow(at, sendOutgoing(this.#c, outgoing));
  }

  /** Calls the device of one registration. `sendSingle` does the same with a timer and several promises for each. */
  #call(at: number, outgoing: Outgoing<string>): void {
    const single = singleSend(this.#c, outgoing);
    if (needsRoom(this.#c, single.device)) {
      this.#follow(at, sendMade(this.#c, outgoing, single));
      return;
    }
    const { version: trustVersion } = outgoing.caller.verified.verifier.trust;
    const waitMs = this.#leftMs;
    const request = Object.assign(single.request, { trustVersion, waitMs });
    const call = () => this.#c.env.DEVICES.getByName(single.device).send(request);
    const again = () => this.#follow(at, sendMade(this.#c, outgoing, single), false);
    this.#window.began();
    begun(call).then(
      (sent) => {
        // The device's registration was judged by an earlier version of what the app trusts.
        if (!sent.ok && sent.code === "trust_outdated") again();
        else this.#end(at, () => singleOutcome(single, sent));
      },
      (error: unknown) => {
        const sent = callAgain(error, call);
        this.#follow(
          at,
          sent.then((answer) => singleOutcome(single, answer)),
          false,
        );
      },
    );
  }

  #follow(at: number, sending: Promise<SendOutcome>, isNew = true): void {
    if (isNew) this.#window.began();
    sending.then(
      (outcome) => this.#end(at, () => outcome),
      (error: unknown) => {
        this.#fail(at, error);
        this.#window.ended();
      },
    );
  }

  #end(at: number, outcome: () => SendOutcome): void {
    try {
      this.#outcomes[at] = outcome();
    } catch (error) {
      this.#fail(at, error);
    }
    this.#window.ended();
  }

  #fail(at: number, error: unknown): void {
    this.#outcomes[at] = asMeshError(error, "a message of many");
  }
}

/** What is thrown at once fails like what is rejected later. */
function begun<T>(call: () => Promise<T>): Promise<T> {
  try {
    return call();
  } catch (error) {
    return Promise.reject(error);
  }
}

const unanswered = (): MeshError =>
  new MeshError("overloaded", "an object of the mesh does not answer");

/** Lets single sends and everything else go first. */
const turn = ({ env }: CallContext): Promise<void> =>
  env.TURN?.() ?? new Promise((resolve) => setTimeout(resolve, 0));
