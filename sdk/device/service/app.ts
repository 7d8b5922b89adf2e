/** One app of the push service: its port, its registration, and its commands to the mesh, one at a time. */
import type {
  PushDown,
  PushUp,
  Refusal,
  Registered,
  Registration,
} from "../../../schema/generated/link.ts";
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

/** A refused command is tried again at a random time of a window that doubles with each refusal in a row. */
const RETRY_BASE_MS = 1_000;
const RETRY_MAX_MS = 60_000;

/** What an app sends on the push channel. */
export type PushFrame = Exclude<PushUp, { readonly kind: "unknown" }>;

/** What the mesh sends of a command that it carried out. */
type AnswerFrame = Extract<
  PushDown,
  { readonly kind: "done" | "described" | "registered" | "unregistered" }
>;

export interface AppOwner {
  /** False where the link does not stand. */
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
  /** Calls `act` after `ms` and up to `windowMs` more, unless the link ends before. */
  after(ms: number, act: () => void, windowMs: number): void;
}

export class App {
  readonly appId: string;
  readonly port: ServicePort;
  readonly #owner: AppOwner;
  #listening = false;
  /** Attach waits for what comes of an unregister. */
  #attachesLater = false;
  /** In the order asked for; only the first is under way. */
  readonly #commands: (Command & { readonly request: number })[] = [];
  /** Its number on the link; undefined while none is under way. */
  #wireRequest: number | undefined;
  /** Refusals in a row. */
  #refusals = 0;
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
    return this.#listening && this.#commands[0]?.kind !== "unregister";
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
  command(command: Command & { readonly request: number }): void {
    this.#commands.push(command);
    if (this.#commands.length === 1) this.#next();
  }

  /** Drops a command that nobody waits for, unless the mesh may have it. */
  cancel(request: number): void {
    const at = this.#commands.findIndex((command) => command.request === request);
    if (at > 0 || (at === 0 && this.#wireRequest === undefined)) this.#commands.splice(at, 1);
    if (this.#attachesLater) this.attach();
    // Not when the one that was dropped would have been tried again.
    if (at === 0 && this.#wireRequest === undefined) this.#next();
  }

  /**
   * The link stands, and `owner.held` is what the mesh holds.
   *
   * @param attached Whether Hello attached this app.
   */
  resume(attached: boolean): void {
    this.port.postMessage({ kind: "registration", regId: null, ...this.registration });
    if (this.#listening !== attached) this.attach();
    this.#wireRequest = undefined;
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
    if (refusal.request === undefined || refusal.request !== this.#wireRequest) return false;
    this.#wireRequest = undefined;
    if (refusal.retryAfterMs === undefined)
      this.#answer({ kind: "failed", error: refusalData(refusal) });
    else {
      const again = () => {
        if (this.#wireRequest === undefined) this.#next();
      };
      // Whatever refuses it may refuse all devices: they are not to come again at once.
      const windowMs = Math.min(RETRY_MAX_MS, RETRY_BASE_MS * 2 ** this.#refusals++);
      this.#owner.after(refusal.retryAfterMs, again, windowMs);
    }
    return true;
  }

  /** The link ended for good: no command can succeed. */
  failAll(error: PushErrorData): void {
    while (this.#commands.length > 0) this.#answer({ kind: "failed", error });
  }

  /** Sends the first command, or answers it where what it asks for is so already, or cannot be. */
  #next(): void {
    const { registration, appId } = this;
    const command = this.#commands[0];
    if (command === undefined || !this.#owner.connected) return;
    const { kind, only, identity } = command as typeof command & Ending;
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
    const value = { ...command, ...(registration ?? { appId }), request };
    if (!this.#owner.send({ kind, value } as PushFrame)) {
      this.#answer({ kind: "failed", error: TOO_LARGE });
    }
  }

  /** Answers the first command and goes on to the next. */
  #answer(
    answer:
      | { kind: "done"; value: Answer; identity?: string | undefined }
      | { kind: "failed"; error: PushErrorData },
  ): void {
    const command = this.#commands.shift();
    this.#wireRequest = undefined;
    this.#refusals = 0;
    if (command === undefined) return;
    this.port.postMessage({ ...answer, request: command.request });
    if (this.#attachesLater) this.attach();
    this.#next();
  }
}

/** A refusal on the link as an error's data. */
export function refusalData({ name, message, retryAfterMs }: Refusal): PushErrorData {
  const retry = retryAfterMs === undefined ? "never" : "later";
  return { code: name, message, retry, retryAfterMs };
}
