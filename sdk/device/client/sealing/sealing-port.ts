/**
 * Between a client and its port to the push service: opens what the mesh has sealed for the app, seals the app's commands, and sets up the
 * keys for both. The push service, which may be another vendor's, carries bytes that it can neither read nor make.
 *
 * To the client it is a port: what comes from it is authentic, or, of a mesh or app without sealing, as it came.
 */
import { decodePushDown, type PushDown } from "../../../../schema/generated/link.ts";
import {
  ACK_WAIT_MAX_MS,
  DAY_MS,
  LINK_EPOCH_MAX_AGE_DAYS,
  LINK_KEYS_MAX_AGE_MS,
  QUEUE_FRAMES,
} from "../../constants.ts";
import { PushError } from "../../errors.ts";
import { type Host, toOrigin } from "../../host.ts";
import type { ClientPort, ToClient, ToService } from "../../port.ts";
import type { BatchedStorage } from "../../storage/batched.ts";
import { type Incoming, isExpired } from "../message.ts";
import type { ClientOptions } from "../options.ts";
import type { StoredRegistration } from "../registration.ts";
import { Requests } from "../requests.ts";
import { SealedCommands } from "./commands.ts";
import { DroppedFrames } from "./dropped-frames.ts";
import { Epochs } from "./epochs.ts";
import { LinkKeys } from "./link-keys.ts";
import { isBelieved, isChecked, regIdOf } from "./proof.ts";
import { OWN_REQUESTS, registerAgain, UnprovenAnswers } from "./registering-again.ts";

type Event<K extends ToClient["kind"]> = Extract<ToClient, { readonly kind: K }>;
type Arrival = Pick<Event<"sealed">, "link" | "turn" | "atMs">;

export class SealingPort implements ClientPort {
  onmessage: ClientPort["onmessage"] = null;
  readonly #host: Host;
  readonly #port: ClientPort;
  readonly #registration: StoredRegistration;
  readonly #epochs: Epochs;
  readonly #report: Host["report"];
  /** Whether the app gives grants. */
  readonly #grants: boolean;
  readonly #dropped: DroppedFrames;
  /** Undefined if the app sets up no keys. */
  readonly #keys: LinkKeys | undefined;
  readonly #commands: SealedCommands;
  /** Requests of our own. */
  readonly #requests = new Requests(this, OWN_REQUESTS);
  readonly #unproven: UnprovenAnswers;
  /** The registration, as the push service says: nothing is believed for it. Undefined while there is none. */
  #at: Pick<Event<"registration">, "identity" | "epoch"> | undefined;
  /** Requests for which the push service has asked for a grant or setup before. */
  readonly #askedAgain = new Set<number>();
  #listen: Extract<ToService, { readonly kind: "listen" }> | undefined;
  /** Numbers up to this one are replays, except of an epoch above `#floorEpoch`. */
  #floor = 0;
  #floorEpoch = 0;
  /** Events that wait for their turn, because one before them is being opened. */
  #queued = 0;
  #last: Promise<void> = Promise.resolve();
  /** Messages are dropped until the mesh sends them again: one before them was, and an acknowledgement would cover it. */
  #isBroken = false;
  #hasRecovered = false;
  #hasTried = false;
  #wasLate = false;
  #isSettingUp = false;
  #isClosed = false;
  #isUnsupported = false;

  /** @throws PushError `option_invalid` if the URL of the mesh is none */
  constructor(
    { appId, host, port, url = [], sealed = true, grant }: ClientOptions<unknown>,
    storage: BatchedStorage,
    registration: StoredRegistration,
    report: Host["report"],
  ) {
    this.#host = host;
    this.#port = port;
    this.#unproven = new UnprovenAnswers(host, this.#requests);
    this.#registration = registration;
    this.#epochs = new Epochs(host, storage, appId);
    this.#report = report;
    this.#dropped = new DroppedFrames(host, report);
    this.#grants = grant !== undefined;
    const answer = (event: ToClient) => this.#receive(event);
    this.#commands = new SealedCommands(port, this.#epochs, host.now, answer);
    const origins = [url].flat().map(toOrigin);
    if (sealed && origins.length > 0) this.#keys = new LinkKeys(host, origins, report);
    port.onmessage = ({ data }) => this.#enqueue(data);
  }

  /** Reads the stored keys; call it first, and after the registration is loaded. Rejects with the error of the storage. */
  async load(): Promise<void> {
    await this.#epochs.load();
    this.#floor = Math.max(this.#registration.windows.lastSeq, this.#epochs.state.number);
    this.#floorEpoch = this.#epochs.last;
  }

  close(): void {
    this.#isClosed = true;
    this.#keys?.close();
    this.#port.close();
  }

  // ---- from the client

  postMessage(message: ToService): void {
    if (message.kind === "granted") {
      this.#settle(this.#granted(message.request, message.grant));
      return;
    }
    this.#commands.sent(message);
    this.#unproven.sent(message);
    if (message.kind === "listen") this.#listen = message;
    // The push service then asks for the setup when it sends the command.
    const grants = message.kind === "register" && this.#seals && { grants: true };
    this.#port.postMessage({ ...message, ...grants });
  }

  /** Whether the app sets up keys, or has some. */
  get #seals(): boolean {
    return this.#keys !== undefined || this.#epochs.state.isSealed;
  }

  // ---- from the push service, in order

  #enqueue(event: ToClient): void {
    if (this.#queued === 0 && !isChecked(event, this.#epochs)) {
      this.#receive(event);
      return;
    }
    // More than any mesh sends.
    if (this.#queued >= QUEUE_FRAMES && event.kind === "sealed") {
      this.#dropped.add("too many");
      return;
    }
    this.#queued++;
    this.#last = this.#last
      .then(async () => {
        if (event.kind === "sealed") await this.#open(event);
        else if (await isBelieved(event, this.#epochs, this.#registration)) this.#receive(event);
        else this.#doubt(event);
      })
      .catch(this.#report)
      .finally(() => this.#queued--);
  }

  /** The push service names a regId without a proof: the app does not get it. */
  #doubt(event: ToClient): void {
    this.#dropped.add("a regId without a proof");
    if (event.kind === "registration") {
      this.#at = event;
      this.#check();
    } else if (event.kind === "done")
      this.#unproven.answer(event, (answer) => this.#receive(answer));
  }

  #pass(event: ToClient): void {
    this.onmessage?.({ data: event });
  }

  #receive(event: ToClient): void {
    switch (event.kind) {
      case "deliver":
      case "withdraw":
      case "aliasLost":
        if (this.#epochs.state.isSealed) this.#dropped.add("not sealed");
        else this.#pass(event);
        return;
      case "seal":
        this.#settle(this.#seal(event));
        return;
      case "grant":
        if (event.reason === "register") this.#at = undefined;
        // The mesh may not have taken the last one.
        if (this.#askedAgain.has(event.request)) this.#keys?.drop();
        this.#askedAgain.add(event.request);
        if (this.#grants) this.#pass(event);
        else this.#settle(this.#granted(event.request, undefined));
        return;
      case "state":
        this.#isBroken = false;
        this.#hasRecovered = false;
        this.#hasTried = false;
        this.#wasLate = false;
        break;
      case "registration":
        this.#locate(event.regId === null ? undefined : event);
        this.#pass(event);
        this.#check();
        return;
      case "done":
        this.#done(event);
        return;
      case "failed": {
        const { request = 0, error } = event;
        this.#commands.answered(request);
        if (request < OWN_REQUESTS) break;
        this.#requests.failed(request, error);
        return;
      }
    }
    this.#pass(event);
  }

  #done(event: Event<"done">): void {
    const { request, value } = event;
    this.#commands.answered(request);
    this.#askedAgain.delete(request);
    if (event.identity !== undefined) this.#locate(event);
    else if (value === "") this.#at = undefined;
    if (request < OWN_REQUESTS) this.#pass(event);
    // Of our own register: the mesh may have begun another registration.
    else if (regIdOf(event)) this.#pass({ ...event, kind: "registration", regId: String(value) });
    this.#requests.done(request, value);
    this.#check();
  }

  #locate(at: Pick<Event<"registration">, "identity" | "epoch"> | undefined): void {
    this.#at = at;
    if (this.#epoch !== undefined && !this.#epochs.state.isSealed)
      this.#epochs.write({ isSealed: true });
  }

  /** The epoch with which the mesh seals now, if the app has its key. */
  get #epoch() {
    return this.#epochs.get(this.#at?.identity, this.#at?.epoch);
  }

  // ---- frames of the mesh

  async #open({ epoch, number, body, isLate, ...arrival }: Event<"sealed">): Promise<void> {
    const known = this.#epochs.get(this.#at?.identity, epoch);
    if (known === undefined) return this.#lost("of an unknown key");
    let frame: PushDown;
    try {
      frame = decodePushDown(await this.#epochs.open(known, { number }, body.slice()));
    } catch {
      return this.#lost("not from the mesh, or altered");
    }
    if (epoch <= this.#floorEpoch && number <= this.#floor) return this.#lost("replayed");
    this.#floor = number;
    this.#floorEpoch = Math.max(epoch, this.#floorEpoch);
    this.#registration.windows.raise(number);
    switch (frame.kind) {
      case "deliver":
      case "broadcasts": {
        if (isLate) break;
        const { value } = frame;
        for (const message of "messages" in value ? value.messages : value.broadcasts)
          this.#deliver(message, arrival);
        break;
      }
      case "withdraw":
        this.#epochs.write({ number });
        this.#pass({ kind: "withdraw", ...frame.value });
        break;
      case "aliasLost":
        this.#epochs.write({ number });
        this.#pass({ kind: "aliasLost", alias: frame.value.alias });
        break;
      case "described":
        this.#commands.described(frame.value);
    }
    this.#check();
  }

  #deliver(message: Incoming, { link, turn, atMs }: Arrival): void {
    let passed = message;
    if (isExpired(message, atMs, ACK_WAIT_MAX_MS)) {
      // So late that nobody read the socket, or that the clock of the mesh was changed: the next Welcome has the time. If the link
      // does not end, the message is over when it comes again.
      passed = { ...message, remainingMs: 0 };
      if (!this.#wasLate) {
        this.#wasLate = true;
        this.#isBroken = true;
        this.#port.postMessage({ kind: "fault", message: "late" });
        this.#settle(this.#getAgain());
      }
    }
    if (!this.#isBroken) this.#pass({ kind: "deliver", link, turn, message: passed });
  }

  /** A frame cannot be used. The key may be the mistake: once a link, another is set up, and everything comes again. */
  #lost(why: string): void {
    this.#dropped.add(why);
    this.#commands.lost();
    if (this.#hasRecovered || this.#at === undefined) return;
    this.#hasRecovered = true;
    this.#isBroken = true;
    this.#setUp();
  }

  async #seal(event: Event<"seal">): Promise<void> {
    // The push service found that another client of the storage has signed out.
    const isEnding = event.request === 0 && (await this.#registration.isEnding());
    await this.#commands.seal(event, this.#epoch, isEnding ? { kind: "unregister" } : undefined);
  }

  /** The app has what a register needs, but for the setup. */
  async #granted(request: number, grant: string | undefined): Promise<void> {
    if (this.#epoch !== undefined) {
      // Renews the registration: the push service asks for the sealed command next.
      this.#commands.grant = grant ?? "";
      this.#port.postMessage({ kind: "granted", request });
      return;
    }
    const made = await this.#make("");
    if (made === undefined) {
      // This registration begins without a key, because the mesh, or the app, has none.
      if (this.#at === undefined && this.#epochs.state.isSealed)
        this.#epochs.write({ isSealed: false });
      this.#port.postMessage({ kind: "granted", request, grant });
      return;
    }
    const { setup, context } = made;
    if (this.#at === undefined) this.#epochs.write({ isSealed: true });
    const text = grant && new TextEncoder().encode(grant);
    const sealedGrant = text ? await context.sealFirst(text) : undefined;
    this.#port.postMessage({ kind: "granted", request, setup, sealedGrant });
  }

  /** Undefined if the mesh or the runtime cannot, or the app does not want to. */
  async #make(identity: string) {
    if (this.#isUnsupported) return undefined;
    const key = await this.#keys?.newest();
    if (key === undefined) return undefined;
    try {
      return await this.#epochs.make(key, identity, this.#at?.epoch ?? 0);
    } catch (cause) {
      this.#isUnsupported = true;
      const message = "No X25519 in Web Crypto: the push service can read the app's messages.";
      this.#report(new PushError({ code: "sealing_unsupported", message, retry: "never", cause }));
      return undefined;
    }
  }

  /** Sets up a key if the registration has none that the app knows, or it is old, or not the newest. */
  #check(): void {
    if (this.#at?.identity === undefined || !this.#seals) return;
    const epoch = this.#epoch;
    if (epoch === undefined || this.#epochs.isFollowed(epoch)) {
      if (epoch === undefined && this.#epochs.state.isSealed) this.#isBroken = true;
      if (!this.#hasTried) this.#setUp();
      this.#hasTried = true;
      return;
    }
    const { checkedAt } = this.#epochs.state;
    if (Math.abs(this.#host.now() - checkedAt) < LINK_KEYS_MAX_AGE_MS) return;
    this.#epochs.write({ checkedAt: this.#host.now() });
    const isOld = this.#host.now() - epoch.madeAt > LINK_EPOCH_MAX_AGE_DAYS * DAY_MS;
    const rotate = async () => {
      const key = await this.#keys?.newest();
      if (isOld || (key && key.kid !== epoch.kid)) this.#setUp();
    };
    this.#settle(rotate());
  }

  #setUp(): void {
    if (this.#isSettingUp || this.#keys === undefined) return;
    this.#isSettingUp = true;
    const act = async () => {
      await this.#setKey().catch((error) => {
        // Its keys have changed since.
        this.#keys?.drop();
        if (error.code !== "link_key_unknown") throw error;
        return this.#setKey();
      });
      if (this.#isBroken && this.#epoch !== undefined) await this.#getAgain();
    };
    this.#settle(act().finally(() => (this.#isSettingUp = false)));
  }

  /** Has the mesh send again what was dropped. Until then, frames that it has sent before are dropped, too. */
  async #getAgain(): Promise<void> {
    if (this.#listen?.on) {
      this.#port.postMessage({ kind: "listen", on: false });
      this.#port.postMessage(this.#listen);
    }
    // It fails if the link ends: then everything comes again anyway.
    await this.#requests.make({ kind: "ping" }, {}).catch(() => {});
    this.#isBroken = false;
  }

  async #setKey(): Promise<void> {
    const { identity = "", epoch } = this.#at ?? {};
    const isHeld = epoch === undefined ? !this.#epochs.state.isSealed : this.#epoch !== undefined;
    if (isHeld) {
      const made = await this.#make(identity);
      if (made !== undefined) await this.#requests.make({ kind: "setKey", setup: made.setup }, {});
    }
    // The mesh or the app has lost it: the answer proves the regId, which may be another now.
    else await registerAgain(this.#requests);
  }

  #settle(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (!this.#isClosed) this.#report(error);
    });
  }
}
