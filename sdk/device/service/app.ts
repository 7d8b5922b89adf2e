/** One app of the push service: its port, its registration, and its commands to the mesh, one at a time. */
import type { PushUp, Refusal, Registration } from "../../../schema/generated/link.ts";
import type { PushErrorData } from "../errors.ts";
import type { ServicePort } from "../port.ts";

type Command = "register" | "unregister";

/** What an app sends on the push channel. */
export type PushFrame = Exclude<PushUp, { readonly kind: "unknown" }>;

export interface AppOwner {
  /** False where the link does not stand. */
  readonly connected: boolean;
  /** What the mesh holds for the device, by appId, as far as known; kept between links. */
  readonly held: Map<string, Registration>;
  send(frame: PushFrame): void;
  /** A number for a command that no other command of this link has. */
  nextRequest(): number;
  /** Calls `act` after `ms`, unless the service is closed before. */
  after(ms: number, act: () => void): void;
}

export class App {
  readonly appId: string;
  readonly port: ServicePort;
  readonly #owner: AppOwner;
  #listening = false;
  /** In the order asked for; only the first is under way. */
  readonly #commands: { readonly kind: Command; readonly request: number }[] = [];
  /** Its number on the link; undefined while none is under way. */
  #wireRequest: number | undefined;

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

  /** The app takes messages, or does so no longer. */
  listen(on: boolean): void {
    if (on === this.#listening) return;
    this.#listening = on;
    this.attach();
  }

  /** Tells the mesh whether the app listens. */
  attach(): void {
    if (this.registration === undefined || !this.#owner.connected) return;
    const { slot } = this.registration;
    this.#owner.send({ kind: this.#listening ? "attach" : "detach", value: { slot } });
  }

  /** @param request The client's number for it. */
  command(kind: Command, request: number): void {
    this.#commands.push({ kind, request });
    if (this.#commands.length === 1) this.#next();
  }

  /**
   * The link stands, and `owner.held` is what the mesh holds.
   *
   * @param attached Whether Hello attached this app.
   */
  resume(attached: boolean): void {
    const regId = this.registration?.regId ?? null;
    this.port.postMessage({ kind: "registration", regId });
    if (this.#listening !== attached) this.attach();
    this.#wireRequest = undefined;
    this.#next();
  }

  registered(request: number, registration: Registration): void {
    if (request !== this.#wireRequest) return;
    this.#owner.held.set(this.appId, registration);
    if (this.#listening) this.attach();
    this.#done(registration.regId);
  }

  unregistered(request: number): void {
    if (request !== this.#wireRequest) return;
    this.#owner.held.delete(this.appId);
    this.#done("");
  }

  /** True where the refusal was of this app's command. */
  refused(refusal: Refusal): boolean {
    if (refusal.request === undefined || refusal.request !== this.#wireRequest) return false;
    this.#wireRequest = undefined;
    if (refusal.retryAfterMs === undefined) this.#fail(refusalData(refusal));
    else {
      this.#owner.after(refusal.retryAfterMs, () => {
        if (this.#wireRequest === undefined) this.#next();
      });
    }
    return true;
  }

  /** The link ended for good: no command can succeed. */
  failAll(error: PushErrorData): void {
    while (this.#commands.length > 0) this.#fail(error);
  }

  /** Sends the first command, or answers it where what it asks for is so already. */
  #next(): void {
    const command = this.#commands[0];
    if (command === undefined || !this.#owner.connected) return;
    const { registration } = this;
    if (command.kind === "register") {
      if (registration !== undefined) {
        this.#done(registration.regId);
        return;
      }
      this.#wireRequest = this.#owner.nextRequest();
      const value = { request: this.#wireRequest, appId: this.appId };
      this.#owner.send({ kind: "register", value });
    } else {
      if (registration === undefined) {
        this.#done("");
        return;
      }
      this.#wireRequest = this.#owner.nextRequest();
      const value = { request: this.#wireRequest, slot: registration.slot };
      this.#owner.send({ kind: "unregister", value });
    }
  }

  #done(value: string): void {
    const command = this.#commands.shift();
    this.#wireRequest = undefined;
    if (command === undefined) return;
    this.port.postMessage({ kind: "done", request: command.request, value });
    this.#next();
  }

  #fail(error: PushErrorData): void {
    const command = this.#commands.shift();
    this.#wireRequest = undefined;
    if (command === undefined) return;
    this.port.postMessage({ kind: "failed", request: command.request, error });
    this.#next();
  }
}

/** A refusal on the link as an error's data. */
export function refusalData({ name, message, retryAfterMs }: Refusal): PushErrorData {
  const retry = retryAfterMs === undefined ? "never" : "later";
  return { code: name, message, retry, retryAfterMs };
}
