/**
 * What may happen to a call between two objects. One vocabulary for the models of devices, tags, aliases and live nodes: a call
 * fails, hangs, or is late, and each of them before the callee did anything or after it did all.
 */
import fc from "fast-check";

export interface Fault {
  /** Before the callee did anything, or when its answer is on the way. */
  readonly at: "before" | "after";
  /** It fails, it is never answered, or it is so many milliseconds late. */
  readonly kind: "fails" | "hangs" | number;
}

/** Late, but before any caller gives up; and long after every caller has. */
const LATE_MS = [500, 60_000] as const;

export const FAULTS: readonly Fault[] = (["before", "after"] as const).flatMap((at) =>
  (["fails", "hangs", ...LATE_MS] as const).map((kind) => ({ at, kind })),
);

export const fault: fc.Arbitrary<Fault> = fc.constantFrom(...FAULTS);

/** Whether a caller's timer may come before the answer. */
export const isSlow = ({ kind }: Fault): boolean => kind !== "fails";

/**
 * Makes a call that a fault happens to.
 *
 * @param late resolves so many milliseconds later
 */
export async function callWith<Answer>(
  fault: Fault | null,
  run: () => Promise<Answer>,
  late: (ms: number) => Promise<void>,
): Promise<Answer> {
  const strike = async ({ kind }: Fault): Promise<void> => {
    if (kind === "fails") throw new Error("the call failed");
    if (kind === "hangs") await new Promise(() => {});
    else await late(kind);
  };
  if (fault?.at === "before") await strike(fault);
  const answer = await run();
  if (fault?.at === "after") await strike(fault);
  return answer;
}
