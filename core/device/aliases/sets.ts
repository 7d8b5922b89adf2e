/** The calls that set an alias. A set is repeated while other registrations set the alias, too. */
import type { AliasUnsetRequest } from "../../alias/types.ts";
import type { CallResult, Context } from "../../link/effects.ts";
import type { Refused } from "../../message/refusal.ts";
import { type PendingCommand, refusalOf } from "../pending-command.ts";
import type { AliasCallQueues } from "./call-queues.ts";

export interface AliasWish {
  readonly alias: string;
  readonly shared: boolean;
  /** Whether the app's server asks for it; otherwise the device. */
  readonly byServer: boolean;
}

/** A set that the alias has not answered. */
export interface PendingSet {
  readonly shared: boolean;
  /** The app's server asked for it. */
  byServer: boolean;
  readonly commands: PendingCommand[];
  /** Another registration is setting the alias, too; which of them was first is unknown. */
  contested: boolean;
  /** The app no longer wants it. */
  unwanted: boolean;
  tries: number;
}

/** How often a set is repeated if its answer may be out of date. */
const MAX_TRIES = 3;

export type OnSetEnd = (
  end: {
    readonly refused: Refused | null;
    /** The call failed: whether the alias was set is not known. */
    readonly isUnknown: boolean;
  },
  context: Context,
) => void;

/** @param onEnd called once, after the last repetition */
export function callSet(
  queues: AliasCallQueues,
  request: AliasUnsetRequest,
  asking: PendingSet,
  onEnd: OnSetEnd,
  context: Context,
): void {
  const { shared } = asking;
  queues.enqueue(
    request,
    () => {
      asking.contested = false;
      // What the server does not ask for leaves an exclusive alias to whoever has it.
      const guard = shared && !asking.byServer ? { joinsShared: true } : {};
      return { method: "set", request: { ...request, shared, ...guard } };
    },
    (result, later) => {
      const granted = isGranted(result);
      // Another set came before or after this one; repeating the set tells which.
      if (granted && asking.contested && !asking.unwanted && asking.tries++ < MAX_TRIES) {
        callSet(queues, request, asking, onEnd, later);
        return;
      }
      const refused = granted ? (asking.contested ? CONTESTED : null) : refusalOf(result);
      onEnd({ refused, isUnknown: !result.ok }, later);
    },
    context,
  );
}

/** What a row says of a set or alias that the app's server asked for. */
export const marked = ({ byServer }: Pick<PendingSet, "byServer">): { byServer?: true } =>
  byServer ? { byServer: true } : {};

const CONTESTED: Refused = {
  ok: false,
  code: "alias_stale",
  detail: "other registrations are setting it, too",
};

function isGranted(result: CallResult): boolean {
  const answer = result.ok ? result.answer : undefined;
  return typeof answer === "object" && "ok" in answer && answer.ok;
}
