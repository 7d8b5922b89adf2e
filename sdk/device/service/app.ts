/**
 * One app of the push service: its port, its registration, and its commands to the mesh, one at a time. One that is to be tried
 * again waits, and those about other names pass it by.
 */
import type {
  PushDown,
  PushUp,
  Refusal,
  Registered,
  Registration,
} from "../../../schema/generated/link.ts";
import { RETRY_BASE_MS, RETRY_MAX_MS } from "../constants.ts";
import type { PushErrorData } from "../errors.ts";
import type { Answer, Command, Description, Ending, ServicePort } from "../port.ts";

const NOT_REGISTERED: PushErrorData = {
  code: "not_registered",
  message: "Call register first.",
  retry: "never",
};
const TOO_LARGE: PushErrorData = {
  code: "frame_too_large",
  message: "The names are too long.",
  retry: "never",
};

/** A command with the client's number for it. */
type Asked = Command & { readonly request: number };

type Pending = Asked & {
  /** For its time to be tried again. */
  waits?: boolean;
  /** Refusals so far. */
  failures: number;
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
  readonly alias?: string;
};

/** What an app sends on the push channel. */
export type PushFrame = Exclude<PushUp, { readonly kind: "unknown" }>;

/** What the mesh sends of a command that it carried out. */
type AnswerFrame = Extract<
  PushDown,
  { readonly kind: "done" | "described" | "registered" | "unregistered" }
>;

export interface AppOwner {
  /** False if there is no link. */
  readonly connected: boolean;
  /** What the mesh holds for the device, by appId, as far as known; kept between links. */
  readonly held: Map<string, Registration | undefined>;
  /** Slots of which messages may still come that the mesh sent before it heard Detach. */
  readonly detached: Set<number>;
  /** False, and nothing is sent, where the frame is larger than any mesh takes. */
  send(frame: PushFrame): boolean;
  /** Calls `act` when all that the mesh sent before it heard of this is here; not at all if the link ends first. */
  afterDrain(act: () => void): void;
  /** A number for a command that no other command of this link has. */
  nextRequest(): number;
  /** Calls `act` after `ms` and up to `windowMs` more, on whatever link there is then. */
  after(ms: number, act: () => void, windowMs: number): void;
}

export class App {
  readonly appId: string;
  readonly port: ServicePort;
  readonly #owner: AppOwner;
  #listening = false;
  /** Attach waits for what comes of an unregister. */
  #attachesLater = false;
  /** In the order asked for. */
  readonly #pending: Pending[] = [];
  /** The one that is under way, and the number on the link of the last that was. */
  #current: Pending | undefined;
  #wireRequest = 0;
  /** What came of the description asked for, while there is more to come. */
  #described: Description[] = [];

  constructor(appId: string, port: ServicePort, owner: AppOwner) {
    this.appId = appId;
    this.port = port;
    this.#owner = owner;
  }

  /** What the mesh holds for it. */
  get registration(): Registration | undefined {
    return this.#owner.held.get(this.appId);
  }

  get listening(): boolean {
    return this.#listening;
  }

  /** Whether Hello is to attach it; not where its end was asked for, and may have come. */
  get attachable(): boolean {
    return this.#listening && this.#pending[0]?.kind !== "unregister";
  }

  /** The app takes messages, or does so no longer. */
  listen(on: boolean): void {
    if (on === this.#listening) return;
    this.#listening = on;
    this.attach();
  }

  /** Tells the mesh whether the app listens. */
  attach(): void {
    if (this.registration === undefined || !this.#owner.connected) return;
    this.#attachesLater = this.#listening && !this.attachable;
    if (this.#attachesLater) return;
    const { slot } = this.registration;
    if (!this.#listening) {
      this.#owner.detached.add(slot);
      this.#owner.send({ kind: "detach", value: { slot } });
    } else if (this.#owner.detached.has(slot)) {
      // The acknowledgement of one of them would count for what Attach has sent again (docs/protocol.md, section 5).
      this.#owner.afterDrain(() => {
        this.#owner.detached.delete(slot);
        if (this.#listening) this.attach();
      });
    } else this.#owner.send({ kind: "attach", value: { slot } });
  }

  /** @param command With the client's number for it. */
  command(command: Asked): void {
    this.#pending.push({ ...command, failures: 0 });
    this.#next();
  }

  /** Drops a command that nobody waits for, unless the mesh may have it. */
  cancel(request: number): void {
    const at = this.#pending.findIndex(
      (each) => each.request === request && each !== this.#current,
    );
    if (at < 0) return;
    this.#pending.splice(at, 1);
    if (this.#attachesLater) this.attach();
    this.#next();
  }

  /**
   * The link stands, and `owner.held` is what the mesh holds.
   *
   * @param attached Whether Hello attached this app.
   */
  resume(attached: boolean): void {
    this.port.postMessage({ kind: "registration", regId: null, ...this.registration });
    if (this.#listening !== attached) this.attach();
    this.#current = undefined;
    this.#next();
  }

  /** The mesh carried a command out, or answered a part of it. */
  answered({ kind, value }: AnswerFrame): void {
    if (value.request !== this.#wireRequest) return;
    let answer: Answer;
    if (kind === "described") {
      this.#described.push(value);
      if (value.more) return;
      const tags = this.#described.flatMap(({ tags }) => tags);
      const aliases = this.#described.flatMap(({ aliases }) => aliases);
      answer = { tags, aliases };
    } else if (kind !== "done") {
      // What it holds for the app from now on.
      const { registration }: Partial<Registered> = value;
      this.#owner.held.set(this.appId, registration);
      if (this.#listening) this.attach();
      answer = registration?.regId ?? "";
    }
    this.#answer({ kind: "done", value: answer, ...this.registration });
  }

  /** True where the refusal was of this app's command. */
  refused(refusal: Refusal): boolean {
    const one = this.#current;
    if (!one || refusal.request !== this.#wireRequest) return false;
    const { retryAfterMs } = refusal;
    if (retryAfterMs === undefined) this.#answer({ kind: "failed", error: refusalData(refusal) });
    else {
      // Whatever refuses it may refuse all devices: they are not to come again at once.
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
   * Sends the first command that neither waits nor is behind one that does and is about one of its names, or about all. Or
   * answers it where what it asks for is so already, or cannot be.
   */
  #next(): void {
    if (this.#current !== undefined || !this.#owner.connected) return;
    const { registration, appId } = this;
    const passed = new Set<string | undefined>();
    const one = this.#pending.find(({ kind, waits, ...names }) => {
      const { alias = kind === "report" ? kind : undefined, add = [alias], remove = [] } = names;
      const own = [...add, ...remove];
      // Of all names, as the name `undefined`.
      const isFree = own[0] ? ![undefined, ...own].some((name) => passed.has(name)) : !passed.size;
      for (const name of own) passed.add(name);
      return isFree && !waits;
    });
    this.#current = one;
    if (one === undefined) return;
    const { kind, only, identity } = one as typeof one & Ending;
    const isAnother =
      only !== undefined &&
      only !== registration?.regId &&
      identity !== (registration?.identity ?? "");
    if ((kind === "register") === (registration !== undefined) || isAnother) {
      if (kind !== "register" && kind !== "unregister") {
        this.#answer({ kind: "failed", error: NOT_REGISTERED });
      } else this.#answer({ kind: "done", value: registration?.regId ?? "" });
      return;
    }
    const request = this.#owner.nextRequest();
    this.#wireRequest = request;
    this.#described = [];
    // Of the fields, the codec writes those that the command has.
    const value = { ...one, ...(registration ?? { appId }), request };
    if (!this.#owner.send({ kind, value } as PushFrame)) {
      this.#answer({ kind: "failed", error: TOO_LARGE });
    }
  }

  /** Answers the command that is under way and goes on to the next. */
  #answer(
    answer:
      | { kind: "done"; value: Answer; identity?: string | undefined }
      | { kind: "failed"; error: PushErrorData },
  ): void {
    const request = this.#current?.request ?? 0;
    this.#current = undefined;
    this.port.postMessage({ ...answer, request });
    this.cancel(request);
  }
}

/** A refusal on the link as an error's data. */
export function refusalData({ name, message, retryAfterMs }: Refusal): PushErrorData {
  const retry = retryAfterMs === undefined ? "never" : "later";
  return { code: name, message, retry, retryAfterMs };
}
