/**
 * Asks the objects of apps what their registrations on this device may do, and applies the answers. The calls for one app are made one
 * after another, so that an earlier grant never replaces a later one. A call that fails changes nothing. An answer that comes after its link
 * has ended, or its registration, is dropped: the device asks again.
 */
import { MeshError } from "../../../schema/errors.ts";
import type { Register } from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { AdmitRequest, Admitted } from "../../app/admission.ts";
import type { CallResult, Context } from "../../link/effects.ts";
import { type Refused, refusedBy } from "../../message/refusal.ts";
import type { Calls } from "../calls.ts";
import type { CurrentLink } from "../current-link.ts";
import type { DeviceIdentity } from "../identity.ts";
import type { Lifecycle } from "../lifecycle.ts";
import { refusalOf, SLOT_UNKNOWN, UNFINISHED } from "../pending-command.ts";
import type { Registration } from "../registration.ts";
import type { Registrations } from "../registrations.ts";
import type { Offer, Seals } from "../sealing/seals.ts";
import type { DeviceBudgets } from "./budgets.ts";
import type { Rights } from "./rights.ts";

interface AdmissionParts {
  readonly calls: Calls;
  readonly registrations: Registrations;
  readonly lifecycle: Lifecycle;
  readonly link: CurrentLink;
  readonly identity: DeviceIdentity;
  readonly rights: Rights;
  readonly seals: Seals;
  readonly budgets: DeviceBudgets;
  /** The name of the device's object. */
  readonly name: string;
}

/** One question to an app. */
interface Question {
  /** Null if it need not be asked any more; it has then answered its caller. */
  begin(context: Context): AdmitRequest | null;
  done(result: CallResult, context: Context): void;
}

/** What an app is asked about. */
interface Asked {
  readonly grant: string | null;
  /** As if it was not registered. */
  readonly isAnew: boolean;
}

type OnRegistered = (answer: Registration | Refused, context: Context) => void;
type OnRenewed = (refused: Refused | null, context: Context) => void;

export class Admissions {
  readonly #parts: AdmissionParts;
  /** By app: the question in progress, and those behind it. */
  readonly #lines = new Map<string, Question[]>();
  #waiting = 0;
  /** Checks in progress, and who waits for each. */
  readonly #checks = new Map<Registration, OnRenewed[]>();

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  /**
   * Registers an app, or renews its registration.
   *
   * @returns a refusal, or null if `onAnswer` gets the answer; it gets none if the link ends before
   */
  register(command: Register, onAnswer: OnRegistered, context: Context): MeshError | null {
    const { identity, registrations, seals, budgets } = this.#parts;
    const app = identity.openAppId(command.appId);
    if (app === undefined) return new MeshError("app_unknown");
    // Before a sealed grant is opened.
    const over = this.#mayAsk(app, context) ?? budgets.register(context.now);
    if (over !== null) return over;
    const offer = seals.offerIn(app, command);
    if (offer instanceof MeshError) return offer;
    const known = registrations.activeOf(app);
    if (known?.seal != null && offer === null && command.grant !== undefined)
      return new MeshError("sealing_required", `slot ${known.slot}`);
    const outdated = this.#outdated(app, offer);
    if (outdated !== null) return outdated;
    const standing = known?.generation;
    const refused = (): Refused | null => {
      const now = registrations.activeOf(app);
      // It was unregistered by a later command.
      if (standing !== undefined && now?.generation !== standing) return SLOT_UNKNOWN;
      const repeated = this.#outdated(app, offer);
      return repeated === null ? null : refusedBy(repeated);
    };
    const grant =
      offer === null ? (command.grant ?? null) : seals.grantIn(offer, command, context.now);
    if (grant instanceof MeshError) return grant;
    let was = seals.compare(app, offer);
    const about = () => {
      was = seals.compare(app, offer);
      // A grant that is repeated with its setup may be older than that which the registration has.
      return { grant: was === "same" ? null : grant, isAnew: was === "other" };
    };
    return this.#askOnLink(
      app,
      { kind: "register", refused, about },
      (answer, later) => {
        // A key was set up while the app was asked about something else than it would be now.
        if (answer.ok && was !== seals.compare(app, offer)) onAnswer(UNFINISHED, later);
        else if (answer.ok) this.#admitted(app, answer, offer, onAnswer, later);
        else onAnswer(answer, later);
      },
      context,
    );
  }

  /** A setup that was sent before the present key was set up, or is not above it, is one that somebody repeats. */
  #outdated(app: string, offer: Offer | null): MeshError | null {
    const { registrations, seals } = this.#parts;
    if (offer === null || seals.compare(app, offer) !== "other") return null;
    const present = registrations.activeOf(app)?.seal?.epoch ?? 0;
    return seals.refuseEpoch(offer.epoch, present);
  }

  #admitted(
    app: string,
    answer: Admitted,
    offer: Offer | null,
    onAnswer: OnRegistered,
    context: Context,
  ): void {
    const { lifecycle, registrations, rights, seals } = this.#parts;
    const known = registrations.activeOf(app);
    const agreed = offer?.agreed ?? null;
    if (agreed instanceof MeshError) {
      onAnswer(refusedBy(agreed), context);
      return;
    }
    const sealing =
      agreed === null
        ? null
        : (of: { app: string; generation: number }) => seals.recordOf(of, agreed);
    const begun = begin(() => {
      // What was agreed on with the app of the earlier registration is not replaced by what anybody sends.
      if (known !== undefined && seals.compare(app, offer) === "other")
        lifecycle.end(known, context);
      return lifecycle.begin(app, answer, sealing, context);
    });
    if ("ok" in begun) {
      onAnswer(begun, context);
      return;
    }
    rights.apply(begun, answer, context);
    if (agreed !== null) seals.begin(begun, agreed);
    onAnswer(begun, context);
    // After the answer, so that the device knows the key by which it opens what now comes.
    if (agreed !== null) lifecycle.settle(begun, context);
  }

  /** Renews the grant of a registration. @returns as `register` */
  renew(
    registration: Registration,
    grant: string,
    onAnswer: OnRenewed,
    context: Context,
  ): MeshError | null {
    const { app } = registration.record;
    const over = this.#mayAsk(app, context);
    if (over !== null) return over;
    const isMoot = this.#endOf(registration);
    const refused = () => (isMoot() ? SLOT_UNKNOWN : null);
    return this.#askOnLink(
      app,
      { kind: "renew", refused, about: () => ({ grant, isAnew: false }) },
      (answer, later) => {
        if (answer.ok) this.#parts.rights.apply(registration, answer, later);
        onAnswer(answer.ok ? null : answer, later);
      },
      context,
    );
  }

  /** Asks again what a registration may do. @param onAnswer gets a refusal if the app did not answer, or the registration ended */
  check(registration: Registration, onAnswer: OnRenewed, context: Context): void {
    const waiting = this.#checks.get(registration);
    if (waiting !== undefined) {
      waiting.push(onAnswer);
      return;
    }
    const all = [onAnswer];
    this.#checks.set(registration, all);
    const isMoot = this.#endOf(registration);
    const finish = (refused: Refused | null, later: Context) => {
      this.#checks.delete(registration);
      for (const each of all) each(refused, later);
    };
    const { app } = registration.record;
    this.#enqueue(
      app,
      {
        begin: (later) => {
          if (!isMoot()) return this.#request(app, "check", { grant: null, isAnew: false });
          finish(SLOT_UNKNOWN, later);
          return null;
        },
        done: (result, later) => {
          const admission = admissionIn(result);
          if (isMoot()) finish(SLOT_UNKNOWN, later);
          else if (admission === null) finish(refusalOf(result), later);
          else {
            this.#parts.rights.apply(registration, admission, later);
            finish(null, later);
          }
        },
      },
      context,
    );
  }

  #mayAsk(app: string, { now }: Context): MeshError | null {
    const { budgets, registrations } = this.#parts;
    return budgets.mayAsk(app, registrations.activeOf(app) !== undefined, now);
  }

  /** Whether the registration has ended, or begun another life. */
  #endOf(registration: Registration): () => boolean {
    const { generation } = registration;
    return () =>
      registration.record.endedAt !== null ||
      registration.generation !== generation ||
      this.#parts.registrations.inSlot(registration.slot) !== registration;
  }

  /** Asks for a command of the device. */
  #askOnLink(
    app: string,
    command: {
      readonly kind: "register" | "renew";
      /** The refusal of what a later command of the device has made void. */
      readonly refused: () => Refused | null;
      /** What to ask, when its turn has come. */
      readonly about: () => Asked;
    },
    onAnswer: (answer: Admitted | Refused, context: Context) => void,
    context: Context,
  ): MeshError | null {
    if (this.#waiting >= LIMITS.ADMITS_WAITING) {
      const detail = `${this.#waiting} commands wait for their apps`;
      return new MeshError("overloaded", detail, { retryAfterMs: 1_000 });
    }
    const { kind, refused, about } = command;
    const { link, budgets, registrations } = this.#parts;
    let isRegistered = false;
    const session = link.link?.session;
    const since = context.now;
    const isLost = () => link.link?.session !== session;
    this.#enqueue(
      app,
      {
        begin: (later) => {
          if (isLost()) return null;
          // The device has waited for others before it, as long as it waits for any command.
          const refusal = refused() ?? (later.now - since < LIMITS.COMMAND_MS ? null : UNFINISHED);
          if (refusal !== null) {
            onAnswer(refusal, later);
            return null;
          }
          isRegistered = registrations.activeOf(app) !== undefined;
          const over = budgets.ask(app, isRegistered, later.now);
          if (over === null) return this.#request(app, kind, about());
          onAnswer(refusedBy(over), later);
          return null;
        },
        done: (result, later) => {
          // Also if the link has ended: otherwise it would be enough to leave before the answer.
          const code = admissionIn(result) === null ? refusalOf(result).code : null;
          budgets.answered({ app, isRegistered, kind }, code);
          if (isLost()) return;
          onAnswer(refused() ?? admissionIn(result) ?? refusalOf(result), later);
        },
      },
      context,
    );
    return null;
  }

  #request(app: string, kind: AdmitRequest["kind"], { grant, isAnew }: Asked): AdmitRequest {
    const { registrations, identity, name } = this.#parts;
    const standing = isAnew ? undefined : registrations.activeOf(app);
    const regId =
      standing === undefined ? null : identity.registration(app, standing.generation).regId;
    return { device: name, regId, grant, held: standing?.standing.grant ?? null, kind };
  }

  #enqueue(app: string, question: Question, context: Context): void {
    this.#waiting++;
    const line = this.#lines.get(app);
    if (line !== undefined) line.push(question);
    else {
      this.#lines.set(app, [question]);
      this.#next(app, context);
    }
  }

  #next(app: string, context: Context): void {
    const { registrations } = this.#parts;
    const line = this.#lines.get(app) ?? [];
    for (let first = line[0]; first !== undefined; first = line[0]) {
      const question = first;
      const request = question.begin(context);
      if (request !== null) {
        const body = {
          kind: "app",
          name: this.#parts.identity.appId(app),
          call: { method: "admit", request },
        } as const;
        const done = (result: CallResult, later: Context) => {
          line.shift();
          this.#waiting--;
          const standing = registrations.activeOf(app);
          if (refusalOf(result).code === "app_unknown" && standing)
            registrations.deleted.add(standing);
          question.done(result, later);
          this.#next(app, later);
        };
        this.#parts.calls.start({ begin: () => body, done }, context);
        return;
      }
      line.shift();
      this.#waiting--;
    }
    this.#lines.delete(app);
  }
}

function admissionIn(result: CallResult): Admitted | null {
  const answer = result.ok ? result.answer : undefined;
  return typeof answer === "object" && "trustVersion" in answer ? (answer as Admitted) : null;
}

function begin(open: () => Registration): Registration | Refused {
  try {
    return open();
  } catch (error) {
    return refusedBy(error);
  }
}
