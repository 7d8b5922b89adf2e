/**
 * Commands of the device that use names: aliases and tags. If what the app decided is not known, or too old, its object is asked first; the
 * commands of that registration wait meanwhile, in order.
 */
import { MeshError } from "../../../schema/errors.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { Context } from "../../link/effects.ts";
import { type CommandAnswer, type Refused, refusedBy } from "../../message/refusal.ts";
import type { Registration } from "../registration.ts";
import type { Registrations } from "../registrations.ts";
import type { Admissions } from "./admissions.ts";
import type { Rights, UsedNames } from "./rights.ts";

interface NameCommandParts {
  readonly registrations: Registrations;
  readonly admissions: Admissions;
  readonly rights: Rights;
}

interface Command {
  readonly registration: Registration;
  /** What it would use; nothing if it only gives names up. */
  readonly uses: UsedNames;
  /** Carries it out. @returns a refusal, or null if it is answered later */
  readonly begin: (context: Context) => MeshError | null;
  readonly onAnswer: (answer: CommandAnswer, context: Context) => void;
}

export class NameCommands {
  readonly #parts: NameCommandParts;
  readonly #waiting = new Map<Registration, Command[]>();

  constructor(parts: NameCommandParts) {
    this.#parts = parts;
  }

  /** @returns a refusal, or null if the command is answered later */
  run(command: Command, context: Context): MeshError | null {
    const { admissions, rights } = this.#parts;
    const { registration, uses } = command;
    const line = this.#waiting.get(registration);
    if (line !== undefined) {
      if (line.length >= LIMITS.ADMITS_WAITING) {
        const detail = `${line.length} commands of the registration wait`;
        return new MeshError("overloaded", detail, { retryAfterMs: 1_000 });
      }
      line.push(command);
      return null;
    }
    if (isNone(uses)) return command.begin(context);
    if (rights.isKnown(registration, context.now))
      return rights.refusalOf(registration, uses, context.now) ?? command.begin(context);
    const all = [command];
    this.#waiting.set(registration, all);
    const { generation } = registration;
    admissions.check(
      registration,
      (refused, later) => {
        this.#waiting.delete(registration);
        for (const each of all) this.#goOn(each, generation, refused, later);
      },
      context,
    );
    return null;
  }

  #goOn(command: Command, generation: number, unanswered: Refused | null, later: Context): void {
    const { registrations, rights } = this.#parts;
    const { registration, uses, begin, onAnswer } = command;
    const isStanding =
      registrations.inSlot(registration.slot) === registration &&
      registration.generation === generation;
    let refused: Refused | null = null;
    if (!isStanding) refused = { ok: false, code: "slot_unknown" };
    else if (!isNone(uses)) {
      const refusal = unanswered === null ? rights.refusalOf(registration, uses, later.now) : null;
      refused = unanswered ?? (refusal === null ? null : refusedBy(refusal));
    }
    if (refused === null) {
      const refusal = begin(later);
      refused = refusal === null ? null : refusedBy(refusal);
    }
    if (refused !== null) onAnswer(refused, later);
  }
}

const isNone = ({ aliases = [], tags = [] }: UsedNames): boolean =>
  aliases.length + tags.length === 0;
