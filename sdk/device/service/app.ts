/**
 * One app of the push service: its port, its registration, and its commands to the mesh, one at a time. Commands about other names
 * overtake one that waits for its retry.
 */
import type {
  KeySetup,
  PushDown,
  PushUp,
  Refusal,
  Registered,
  Registration,
} from "../../../schema/generated/link.ts";
import { GRANT_ATTEMPTS, RETRY_BASE_MS, RETRY_MAX_MS, SEAL_ATTEMPTS } from "../constants.ts";
import type { PushErrorData } from "../errors.ts";
import type { Answer, Command, Description, ServicePort, ToService } from "../port.ts";
import { DENIED } from "./bindings.ts";
import { NOT_REGISTERED, refusalData, TOO_LARGE } from "./refusal-data.ts";

/** A command with the client's request number. */
type NumberedCommand = Command & { readonly request: number };

type Pending = NumberedCommand & {
  /** Waiting for its retry. */
  waits?: boolean;
  /** Refusals so far. */
  failures: number;
  /** The grant or setup for a register, once the client has given it. */
  granted?: Granted | undefined;
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
  readonly alias?: string;
  readonly isHeld?: boolean;
  readonly setup?: KeySetup;
  readonly signOut?: string | undefined;
};

type Granted = Extract<ToService, { readonly kind: "granted" }>;

type Registering = Partial<Extract<Command, { readonly kind: "register" }>>;

/** A frame that an app sends on the push channel. */
export type PushFrame = Exclude<PushUp, { readonly kind: "unknown" }>;

/** The answer of the mesh to a command that it carried out. */
type AnswerFrame = Extract<
  PushDown,
  { readonly kind: "done" | "described" | "registered" | "unregistered" }
>;

/** Of commands that are about nothing that others are about. */
const isAlone = (kind: string): boolean => /^(report|events|upstream|delivery)$/.test(kind);

export interface AppOwner {
  /** False if there is no link. */
  readonly connected: boolean;
  /** Of the last Welcome. */
  readonly session: Uint8Array;
  /** Of the account. */
  readonly deviceId: string;
  /** The registrations of the device in the mesh, by appId, as far as known; kept between links. */
  readonly held: Map<string, Registration | undefined>;
  /** Why registrations ended that app servers removed, by appId. */
  readonly removals: Map<string, PushErrorData>;
  /** Slots for which messages may still arrive that the mesh sent before it received Detach. */
  readonly detached: Set<number>;
  /** The app is registered. */
  bind(app: App): void;
  /** Returns false and sends nothing if the frame is larger than any mesh accepts. */
  send(frame: PushFrame): boolean;
  /** Calls `act` when what the mesh sent before Detach of the slot has arrived; never if the link ends first, or another `act` is given for it. */
  afterDrain(slot: number, act: () => void): void;
  /** A command number that is unique on this link. */
  nextRequest(): number;
  /** Calls `act` after `ms` plus up to `windowMs`, whatever link there is then. */
  after(ms: number, act: () => void, windowMs: number): void;
}

export class App {
  readonly appId: string;
  readonly port: ServicePort;
  /** What a port must have to open the app once it is registered; undefined for an older client. */
  readonly secret: string | undefined;
  /** The highest seq that it has received, as it says; 0 if nobody has to believe it. */
  lastSeq = 0;
  /** Of its last `listen`. */
  turn: number | undefined;
  readonly #owner: AppOwner;
  #listening = false;
  /** Attach waits for the result of an unregister. */
  #attachesLater = false;
  /** In the order of the calls. */
  readonly #pending: Pending[] = [];
  /** The command in progress, and the number on the link of the last one. */
  #current: Pending | undefined;
  #wireRequest = 0;
  /** The last sign-outs that are over: the client may not have stored that yet. */
  #ended: readonly unknown[] = [];
  /** Since the link opened, it is not known yet whether another client has seen to the sign-outs that wait. */
  #looks = false;
  /** The parts of a description so far, while more follow. */
  #described: Description[] = [];

  constructor(appId: string, secret: string | undefined, port: ServicePort, owner: AppOwner) {
    this.appId = appId;
    this.secret = secret;
    this.port = port;
    this.#owner = owner;
  }

  /** Its registration in the mesh. */
  get registration(): Registration | undefined {
    return this.#owner.held.get(this.appId);
  }

  get listening(): boolean {
    return this.#listening;
  }

  /** Whether Hello attaches it; not if its end was requested, and may have happened. */
  get attachable(): boolean {
    return this.#listening && !this.#pending.some(({ kind }) => kind === "unregister");
  }

  /**
   * Does what clients of the storage have asked for: ends the registration, unless its own client has asked for that, or it has ended.
   *
   * @param read reads from their storage the sign-out that is pending; null if it is not ours, or cannot say
   */
  async end(read: () => Promise<string | undefined | null>): Promise<void> {
    const stored = this.#pending.filter(({ signOut }) => signOut);
    const pending = await read();
    const { connected, held } = this.#owner;
    // Another client has seen to them, and may have registered since. Once they may have been sent, that is ours.
    const isOver = pending === undefined && (this.#looks || !connected);
    for (const one of isOver ? stored : []) {
      if (!this.#pending.includes(one)) continue;
      if (!connected) held.delete(this.appId);
      this.#current = one;
      this.#answer({ kind: "done", value: "" });
      if (this.registration) this.port.postMessage({ kind: "registration", ...this.registration });
    }
    this.#looks = false;
    const isKnown =
      this.#ended.includes(pending) || this.#pending.some(({ signOut }) => signOut === pending);
    if (pending && !isKnown)
      this.#pending.unshift({ kind: "unregister", request: 0, signOut: pending, failures: 0 });
    this.#next();
  }

  /** The app starts or stops listening. @param turn what its messages are to name from now on */
  listen(on: boolean, turn?: number): void {
    if (on) this.turn = turn;
    if (on === this.#listening) return;
    this.#listening = on;
    this.attach();
  }

  /** Tells the mesh whether the app listens. */
  attach(): void {
    if (!this.registration || this.registration.lapsed || !this.#owner.connected) return;
    this.#attachesLater = this.#listening && !this.attachable;
    if (this.#attachesLater) return;
    const { slot } = this.registration;
    const isDetached = this.#owner.detached.has(slot);
    if (!this.#listening) {
      this.#owner.detached.add(slot);
      if (!isDetached) this.#owner.send({ kind: "detach", value: { slot } });
    } else if (isDetached) {
      // Otherwise the acknowledgement of one of them would count for messages that Attach sends again (docs/protocol.md, section 5).
      this.#owner.afterDrain(slot, () => {
        if (this.#listening) this.attach();
      });
    } else this.#owner.send({ kind: "attach", value: { slot } });
  }

  /** Queues a command. */
  command(command: NumberedCommand): void {
    const one = { ...command, failures: 0 };
    // The others may need the key.
    if (command.kind === "setKey") this.#pending.unshift(one);
    else this.#pending.push(one);
    this.#next();
  }

  /** The client has given what a register waits for. */
  granted(granted: Granted): void {
    const one = this.#pending.find((each) => each.request === granted.request);
    if (!one) return;
    one.granted = granted;
    one.waits = false;
    this.#next();
  }

  /** Drops a command that nobody waits for, unless the mesh may already have it. */
  cancel(request: number): void {
    const at = this.#pending.findIndex(
      (each) => each.request === request && each !== this.#current,
    );
    const one = this.#pending[at];
    if (!one) return;
    this.#remove(one);
    this.#next();
  }

  /** @param isOver whether nobody need ask for it again, if it is an unregister */
  #remove(one: Pending, isOver = true): void {
    this.#pending.splice(this.#pending.indexOf(one), 1);
    if (isOver && one.signOut) this.#ended = [one.signOut, this.#ended[0]];
    if (this.#attachesLater) this.attach();
  }

  /**
   * The link is open, and `owner.held` has the registrations of the mesh.
   *
   * @param attached Whether Hello attached this app.
   */
  resume(attached: boolean): void {
    this.tellRemoval();
    this.port.postMessage({ kind: "registration", regId: null, ...this.registration });
    if (this.#listening !== attached) this.attach();
    this.#current = undefined;
    this.#looks = this.#pending.some(({ signOut }) => signOut);
    this.#next();
  }

  /** Tells the app if its server removed its registration. */
  tellRemoval(): void {
    const error = this.#owner.removals.get(this.appId);
    if (error) this.port.postMessage({ kind: "removed", error });
  }

  /** The mesh carried out a command, or answered a part of it. */
  answered({ kind, value }: AnswerFrame): void {
    if (!value.request || value.request !== this.#wireRequest) {
      // The registration has lapsed, or was renewed: said without a request.
      const { registration }: Partial<Registered> = value as object;
      if (value.request === 0 && registration?.appId === this.appId) {
        this.#owner.held.set(this.appId, registration);
        this.port.postMessage({ kind: "registration", ...registration });
      }
      return;
    }
    let answer: Answer;
    if (kind === "described") {
      this.#described.push(value);
      if (value.more) return;
      const tags = this.#described.flatMap(({ tags }) => tags);
      const aliases = this.#described.flatMap(({ aliases }) => aliases);
      answer = { tags, aliases };
    } else if (kind === "done") {
      const { registration } = this;
      const { setup } = this.#current ?? {};
      if (setup && registration)
        this.#owner.held.set(this.appId, { ...registration, epoch: setup.epoch });
    } else {
      // The registration of the app from now on.
      const { registration }: Partial<Registered> = value;
      if (registration && registration.appId !== this.appId) {
        this.#answer({ kind: "failed", error: DENIED });
        return;
      }
      this.#owner.held.set(this.appId, registration);
      this.#owner.removals.delete(this.appId);
      this.#owner.bind(this);
      if (this.#listening) this.attach();
      answer = registration?.regId ?? "";
    }
    this.#answer({ kind: "done", value: answer, ...this.registration });
  }

  /** Returns true if a command of this app was refused. */
  refused(refusal: Refusal): boolean {
    const one = this.#current;
    if (!one) return false;
    const { name, request } = refusal;
    // A mesh of an older version does not know the frame, nor what its request is.
    const isUnknown =
      name === "frame_unknown" && ["publishKey", "setKey", "events", "delivery"].includes(one.kind);
    if (request !== this.#wireRequest && !isUnknown) return false;
    const isStale =
      (name === "grant_expired" || name === "link_key_unknown") &&
      one.granted !== undefined &&
      (one.failures < GRANT_ATTEMPTS || this.registration !== undefined);
    // It became too old while it waited for a link: another one is asked for.
    if (isStale) one.granted = undefined;
    // Its app sets up another key meanwhile.
    const isUnsealed = name.startsWith("seal") && one.failures < SEAL_ATTEMPTS;
    const retryAfterMs =
      refusal.retryAfterMs ?? (isStale || isUnsealed ? RETRY_BASE_MS : undefined);
    // A ban may last a year.
    if (retryAfterMs === undefined || name === "banned")
      this.#answer({ kind: "failed", error: refusalData(refusal) });
    else {
      // All devices may be refused at once; they must not all retry at once.
      const windowMs = Math.min(RETRY_MAX_MS, RETRY_BASE_MS * 2 ** one.failures++);
      one.waits = true;
      this.#current = undefined;
      const again = () => {
        one.waits = false;
        this.#next();
      };
      this.#owner.after(retryAfterMs, again, windowMs);
      this.#next();
    }
    return true;
  }

  /** The link ended for good: no command can succeed. */
  failAll(error: PushErrorData): void {
    for (const { request } of this.#pending.splice(0))
      this.port.postMessage({ kind: "failed", request, error });
  }

  /**
   * Sends the first command that neither waits nor is behind a waiting one about the same name or about all names. Answers it itself
   * if its wanted state exists already, or is impossible.
   */
  #next(): void {
    if (this.#current !== undefined || this.#looks || !this.#owner.connected) return;
    const { registration, appId } = this;
    const passed = new Set<string | undefined>();
    const one = this.#pending.find(({ kind, waits, ...names }) => {
      const { alias = isAlone(kind) ? kind : undefined, add = [alias], remove = [] } = names;
      // A renewal waits for the app's server, and nothing waits for it.
      const own = waits && "renews" in names && names.renews ? [] : [...add, ...remove];
      // A command about all names has the name `undefined`.
      const isFree = own[0] ? ![undefined, ...own].some((name) => passed.has(name)) : !passed.size;
      for (const name of own) passed.add(name);
      return isFree && !waits;
    });
    this.#current = one;
    if (one === undefined) return;
    const { kind, grants, granted, renews } = one as typeof one & Registering;
    const removal = this.#owner.removals.get(appId);
    if (removal && one.isHeld) {
      this.#answer({ kind: "failed", error: removal });
      return;
    }
    const isDone = kind === "register" ? registration && !renews : !registration;
    if (isDone) {
      if (kind !== "register" && kind !== "unregister") {
        this.#answer({ kind: "failed", error: NOT_REGISTERED });
      } else this.#answer({ kind: "done", value: registration?.regId ?? "" });
      return;
    }
    if (grants && granted === undefined) {
      one.waits = true;
      this.#current = undefined;
      const reason = !registration ? "register" : registration.lapsed ? "lapsed" : "renew";
      const { deviceId } = this.#owner;
      this.port.postMessage({ kind: "grant", request: one.request, deviceId, reason });
      this.#next();
      return;
    }
    const request = this.#owner.nextRequest();
    this.#wireRequest = request;
    this.#described = [];
    if (registration?.epoch !== undefined && !granted?.setup) {
      const { session } = this.#owner;
      const { slot } = registration;
      const asked = { request: one.request, wireRequest: request };
      this.port.postMessage({ kind: "seal", ...asked, session, slot });
      return;
    }
    // The codec only writes the fields of the command.
    const value = { ...one, ...granted, ...(registration ?? { appId }), request };
    this.#send({ kind, value } as PushFrame);
  }

  /** The client has sealed the command in progress, or has its answer, if it is one of this link. */
  sealed({
    wireRequest,
    epoch = 0,
    number = 0,
    body,
  }: Extract<ToService, { kind: "sealed" }>): void {
    const { slot } = this.registration ?? {};
    if (this.#current === undefined || wireRequest !== this.#wireRequest) return;
    if (body === undefined || slot === undefined) this.#answer({ kind: "done", value: undefined });
    else this.#send({ kind: "sealed", value: { slot, epoch, number, body, request: wireRequest } });
  }

  #send(frame: PushFrame): void {
    if (!this.#owner.send(frame)) this.#answer({ kind: "failed", error: TOO_LARGE });
  }

  /** Answers the command in progress and continues with the next. */
  #answer(
    answer:
      | { kind: "done"; value: Answer; identity?: string | undefined }
      | { kind: "failed"; error: PushErrorData },
  ): void {
    const one = this.#current;
    const { request = 0, signOut } = one ?? {};
    this.#current = undefined;
    this.port.postMessage({ ...answer, request, ...(signOut && { signOut }) });
    if (one) this.#remove(one, answer.kind === "done");
    this.#next();
  }
}
