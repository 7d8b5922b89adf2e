/** Sends the messages of one request: some calls at a time, with other work in between, and an outcome for each. */
import type { MeshError } from "../../schema/errors.ts";
import type { SingleTarget } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { CallContext } from "../context.ts";
import { asMeshError } from "../problem.ts";
import { CallWindow } from "./call-window.ts";
import type { Outgoing } from "./message.ts";
import { type SendOutcome, sendOutgoing } from "./send.ts";

/** Messages between two turns of other work: read and handed to their devices in well under a millisecond. */
const SLICE_COUNT = 16;

/**
 * Never rejects: what fails for one message is its outcome, and no other's.
 *
 * @param read makes the message at this place; what it throws is the outcome
 * @returns the outcomes, in order
 */
export async function sendEach(
  c: CallContext,
  count: number,
  read: (at: number) => Outgoing<SingleTarget>,
): Promise<readonly (SendOutcome | MeshError)[]> {
  const outcomes = new Array<SendOutcome | MeshError>(count);
  const window = new CallWindow(LIMITS.SEND_CALLS);
  const fail = (at: number, error: unknown): void => {
    outcomes[at] = asMeshError(error, "a message of many");
  };
  for (let at = 0; at < count; at++) {
    if (at > 0 && at % SLICE_COUNT === 0) await turn(c);
    if (window.isFull) await window.room();
    try {
      const sending = sendOutgoing(c, read(at));
      window.began();
      sending.then(
        (outcome) => {
          outcomes[at] = outcome;
          window.ended();
        },
        (error: unknown) => {
          fail(at, error);
          window.ended();
        },
      );
    } catch (error) {
      fail(at, error);
    }
  }
  await window.empty();
  return outcomes;
}

/** Lets single sends and everything else go first. */
const turn = ({ env }: CallContext): Promise<void> =>
  env.TURN?.() ?? new Promise((resolve) => setTimeout(resolve, 0));
