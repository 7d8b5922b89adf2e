/** Connects the ports of the apps with the link: routes by registration, and resumes after each Welcome. */
import {
  CHANNEL_ECHO,
  CHANNEL_PUSH,
  decodeEcho,
  decodePushDown,
  encodeEcho,
  encodePushUp,
  type Hello,
  PROTOCOL_REVISION,
  type Refusal,
  type Registration,
  type Welcome,
} from "../../../schema/generated/link.ts";
import type { Account } from "../account/account.ts";
import { AGENT, FRAME_BYTES, PORT_FAULT_MS, RETRY_BASE_MS } from "../constants.ts";
import { CLOSED, PushError, type PushErrorData } from "../errors.ts";
import type { Host } from "../host.ts";
import { Link, type LinkOwner } from "../link/link.ts";
import type { Renewal } from "../link/machine.ts";
import type { LinkStateName, ServicePort } from "../port.ts";
import type { Storage } from "../storage/storage.ts";
import { App, type AppOwner, type PushFrame } from "./app.ts";
import { Bindings, DENIED, IN_USE } from "./bindings.ts";
import { Drains } from "./drains.ts";
import { Echoes } from "./echoes.ts";
import { Progress } from "./progress.ts";
import { refusalData } from "./refusal-data.ts";
import { Routes } from "./routes.ts";
import { type Opening, type Saying, servePort } from "./serve.ts";
import { readOwnSignOut } from "./sign-outs.ts";

/** Bytes that an envelope adds to a frame. */
const ENVELOPE_BYTES = 7;

export class Hub implements LinkOwner, AppOwner {
  readonly held = new Map<string, Registration | undefined>();
  readonly removals = new Map<string, PushErrorData>();
  readonly detached = new Set<number>();
  session = new Uint8Array();
  readonly #host: Host;
  readonly #storage: Pick<Storage, "get">;
  readonly #bindings: Bindings;
  readonly #account: Account;
  readonly #link: Link;
  readonly #apps = new Map<string, App>();
  readonly #echoes: Echoes;
  readonly #routes: Routes;
  readonly #progress = new Progress((frame) => this.send(frame));
  readonly #drains = new Drains((act) => this.#echoes.after(this.#sendEcho, act), this.detached);
  #request = 0;
  /** From when on a client may end a link. */
  #nextFaultMs = 0;
  /** The credential at the last Welcome, or stored at the start: registrations and cursors belong to it. */
  #welcomed: string | undefined;
  /** Slots that the last Hello attached. */
  #attached: readonly number[] = [];
  #status: { readonly state: LinkStateName; readonly error?: PushErrorData | undefined } = {
    state: "idle",
  };

  constructor(
    host: Host,
    account: Account,
    endpoints: readonly string[],
    storage: Pick<Storage, "get" | "set">,
  ) {
    this.#storage = storage;
    this.#bindings = new Bindings(storage, host.report);
    this.#host = host;
    this.#account = account;
    this.#welcomed = account.credential;
    this.#echoes = new Echoes(host);
    this.#link = new Link(host, endpoints, this);
    this.#routes = new Routes(host, this.#apps, this.detached, this.#link);
  }

  /** Serves the app at the other end of the port. */
  serve(port: ServicePort): void {
    servePort(port, {
      open: (...opening) => this.#open(...opening),
      receive: (...said) => this.#receive(...said),
      leave: (app) => this.#leave(app),
    });
  }

  wake(): void {
    this.#link.wake();
  }

  probe(): void {
    this.#link.probe();
  }

  close(): void {
    this.#progress.flush();
    this.#link.stop();
    for (const { port } of this.#apps.values()) port.close();
    this.#apps.clear();
  }

  // ---- for the apps

  get deviceId(): string {
    return this.#account.deviceId;
  }

  get connected(): boolean {
    return this.#link.connected;
  }

  send(frame: PushFrame): boolean {
    const body = encodePushUp(frame);
    if (body.length > FRAME_BYTES - ENVELOPE_BYTES) return false;
    this.#link.send(CHANNEL_PUSH, body);
    return true;
  }

  afterDrain(slot: number, act: () => void): void {
    this.#drains.after(slot, act);
  }

  readonly #sendEcho = (nonce: number): void => {
    this.#link.send(CHANNEL_ECHO, encodeEcho({ nonce }));
  };

  nextRequest(): number {
    return ++this.#request;
  }

  after(ms: number, act: () => void, windowMs = 0): void {
    this.#host.after(ms + windowMs * this.#host.random(), act);
  }

  /** Rejects with a PushError if the port may not speak for the app. */
  async #open(port: ServicePort, { appId, secret, lastSeq, cursors }: Opening): Promise<App> {
    const bound = await this.#bindings.read(appId);
    const isOwn = bound.secret && bound.secret === secret;
    // A registration that is known to have ended binds nobody.
    const mayBeHeld = this.held.get(appId) || !this.connected;
    if (bound.secret && !isOwn && mayBeHeld) throw new PushError(DENIED);
    if (this.#apps.has(appId)) throw new PushError(IN_USE);
    const app = new App(appId, secret, port, this);
    this.#apps.set(appId, app);
    if (isOwn) app.lastSeq = lastSeq;
    const own = cursors.filter(({ slot }) => isOwn && slot === bound.slot);
    for (const cursor of own) this.#progress.advance(cursor, false, false);
    this.#postStatus(port, undefined);
    if (this.connected) {
      this.bind(app);
      app.resume(false);
    } else this.#link.start();
    return app;
  }

  readonly bind = (app: App): void => this.#bindings.bind(app);

  #leave(app: App): void {
    this.#progress.flush();
    app.listen(false);
    this.#apps.delete(app.appId);
  }

  #receive(app: App, message: Saying): void {
    switch (message.kind) {
      case "listen":
        // Detach takes the place of an acknowledgement that comes after it.
        this.#progress.flush();
        app.listen(message.on, message.turn);
        return;
      case "ack": {
        const { link, priority, seq, discarded } = message;
        const slot = app.registration?.slot;
        // Messages of an earlier link come again on this one, and are acknowledged then.
        if (slot !== undefined && link === this.#routes.link)
          this.#progress.acknowledge({ slot, priority, seq }, discarded);
        return;
      }
      case "cursor":
        if (message.cursor.slot !== app.registration?.slot) return;
        this.#progress.advance(
          message.cursor,
          message.link === this.#routes.link,
          message.discarded === true,
        );
        return;
      case "ping":
        this.#echoes.start(app.port, message.request, this.connected ? this.#sendEcho : undefined);
        return;
      case "cancel":
        app.cancel(message.request);
        return;
      case "granted":
        app.granted(message);
        return;
      case "sealed":
        app.sealed(message);
        return;
      case "wake":
        this.#link.wake();
        return;
      case "fault":
        this.#faulted(message.message);
        return;
      default:
        app.command(message);
        if (this.#status.state === "closed") app.failAll(this.#status.error ?? CLOSED);
    }
  }

  /** The client of an app says that the mesh broke the protocol: as seldom as that is, or one client ends every link of all. */
  #faulted(message: string): void {
    const nowMs = this.#host.elapsed();
    if (!this.connected || nowMs < this.#nextFaultMs) return;
    this.#nextFaultMs = nowMs + PORT_FAULT_MS;
    this.#link.fault(message);
  }

  // ---- for the link

  async token(endpoint: string, renewal: Renewal, signal: AbortSignal): Promise<string> {
    await this.endSignedOut();
    return this.#account.token(endpoint, renewal, signal);
  }

  /** Ends the registrations that another tab or process has signed out, if its clients share our storage. */
  async endSignedOut(): Promise<void> {
    for (const app of this.#apps.values())
      await app.end(() => readOwnSignOut(this.#storage, app, this.#host.report));
  }

  hello(session: Uint8Array | undefined): Hello {
    // The slots of another account generation are not ours.
    if (this.#welcomed !== this.#account.credential) {
      this.held.clear();
      this.#progress.clear();
    }
    const apps = [...this.#apps.values()];
    const attachable = apps.filter(({ attachable, registration }) => attachable && registration);
    // What one app says is not said for another. Those with a higher one attach after Welcome: the mesh then asks about each message.
    const said = (attachable.length > 0 ? attachable : apps).map(({ lastSeq }) => lastSeq);
    const lastSeq = Math.max(this.#routes.lastSeq, said.length > 0 ? Math.min(...said) : 0);
    this.#attached = attachable.flatMap((app) =>
      app.registration && app.lastSeq <= lastSeq ? [app.registration.slot] : [],
    );
    return {
      revision: PROTOCOL_REVISION,
      agent: AGENT,
      lastSeq,
      attach: this.#attached,
      cursors: this.#progress.cursors,
      ...(session && { session }),
    };
  }

  onWelcome(welcome: Welcome, link: number): void {
    this.#routes.begin(link, welcome.serverTimeMs);
    this.session = welcome.session.slice();
    this.#welcomed = this.#account.credential;
    this.#account.setClock(welcome.serverTimeMs);
    this.held.clear();
    this.#drains.clear();
    for (const registration of welcome.registrations) {
      this.held.set(registration.appId, registration);
    }
    this.removals.clear();
    for (const removed of welcome.removed ?? [])
      this.removals.set(removed.appId, refusalData(removed));
    // Sent here and not with the link's own status, so that the apps get the clock with it.
    this.#postStatuses(undefined);
    for (const app of this.#apps.values()) {
      try {
        const slot = app.registration?.slot;
        this.bind(app);
        app.resume(slot !== undefined && this.#attached.includes(slot));
      } catch (error) {
        // The fault of one app is not that of those behind it.
        this.#host.report(error);
      }
    }
    // Another tab or process may have signed out after the token was made.
    void this.endSignedOut();
  }

  onFrame(channel: number, body: Uint8Array): void {
    if (channel === CHANNEL_ECHO) this.#echoes.receive(decodeEcho(body));
    // A channel of a newer mesh, which nothing here requested.
    if (channel !== CHANNEL_PUSH) return;
    const frame = decodePushDown(body);
    switch (frame.kind) {
      case "deliver":
        this.#routes.deliver(frame.value.messages);
        return;
      case "broadcasts":
        this.#routes.deliver(frame.value.broadcasts);
        return;
      case "withdraw":
        this.#routes.post(frame.value.slot, {
          ...{ kind: "withdraw", ...frame.value },
          key: frame.value.key.slice(),
        });
        return;
      case "aliasLost":
        this.#routes.post(frame.value.slot, { kind: "aliasLost", alias: frame.value.alias });
        return;
      case "sealed":
        this.#routes.passSealed(frame.value);
        return;
      case "removed": {
        const { appId } = frame.value;
        this.held.set(appId, undefined);
        this.removals.set(appId, refusalData(frame.value));
        this.#apps.get(appId)?.tellRemoval();
        return;
      }
      case "unregistered":
      case "done":
      case "described":
      case "registered":
        for (const app of this.#apps.values()) app.answered(frame);
        if (frame.kind !== "unregistered") return;
        // Even if its app has left before the answer.
        for (const [appId, registration] of this.held) {
          if (registration?.slot === frame.value.slot) this.held.set(appId, undefined);
        }
        return;
      case "refusal":
        this.onRefusal(frame.value);
        return;
      case "unknown":
      // A frame of a newer mesh: the protocol says to ignore it.
    }
  }

  onRefusal(refusal: Refusal): void {
    for (const app of this.#apps.values()) if (app.refused(refusal)) return;
    if (refusal.name === "rate_limited") {
      this.#sayAgain(refusal.retryAfterMs ?? 0);
      return;
    }
    // A detach that arrived after the unregister of its slot.
    if (refusal.name === "slot_unknown" && [...this.held.values()].includes(undefined)) return;
    // An attach: its app sets up another key.
    if (refusal.name === "sealing_required") return;
    const error = refusalData(refusal);
    for (const { port } of this.#apps.values()) port.postMessage({ kind: "failed", error });
  }

  /**
   * An Attach, Detach or Echo was refused, and it does not say which. After a Detach that was none, Attach sends nothing again of what was dropped
   * meanwhile: so nothing that arrives counts until all is said once more.
   */
  #sayAgain(ms: number): void {
    const { isStopped } = this.#drains;
    this.#drains.stop();
    for (const registration of this.held.values())
      if (registration) this.detached.add(registration.slot);
    if (isStopped) return;
    const { link } = this.#routes;
    this.after(Math.max(ms, RETRY_BASE_MS), () => {
      if (link !== this.#routes.link || !this.connected) return;
      this.#drains.resume();
      for (const app of this.#apps.values()) {
        const { slot } = app.registration ?? {};
        if (slot !== undefined && this.detached.has(slot))
          this.send({ kind: "detach", value: { slot } });
        app.attach();
      }
    });
  }

  onStatus(
    state: LinkStateName,
    error: PushErrorData | undefined,
    retryInMs: number | undefined,
  ): void {
    this.#status = { state, error };
    if (state === "connected") return;
    this.#echoes.clear();
    this.#postStatuses(retryInMs);
    if (state !== "closed") return;
    for (const app of this.#apps.values()) app.failAll(error ?? CLOSED);
  }

  onForget(): void {
    this.#account.forget();
  }

  #postStatuses(retryInMs: number | undefined): void {
    for (const { port } of this.#apps.values()) this.#postStatus(port, retryInMs);
  }

  #postStatus(port: ServicePort, retryInMs: number | undefined): void {
    const { clockOffsetMs } = this.#account;
    port.postMessage({ kind: "state", ...this.#status, retryInMs, clockOffsetMs });
  }
}
