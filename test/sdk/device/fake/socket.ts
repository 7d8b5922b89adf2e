/** The mesh's end of one scripted WebSocket: strict about what a device sends. */
import {
  type Ack,
  type Broadcast,
  CHANNEL_ECHO,
  CHANNEL_LINK,
  CHANNEL_PUSH,
  type Cursor,
  decodeEcho,
  decodeEnvelope,
  decodeLinkUp,
  decodePushUp,
  encodeEcho,
  encodeEnvelope,
  encodeLinkDown,
  encodePushDown,
  type Hello,
  type KeySetup,
  type LinkDown,
  type Message,
  type PushDown,
  type PushUp,
  type Registration,
  type Sealed,
  type Welcome,
} from "../../../../schema/generated/link.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import type { Socket, SocketEvents } from "../../../../sdk/device/mod.ts";
import type { FakeSealing } from "./sealing.ts";

type Known<T extends { kind: string }> = Exclude<T, { readonly kind: "unknown" }>;

export interface SocketOwner {
  readonly registrations: Registration[];
  readonly violations: string[];
  /** Whether sockets open, welcome and answer by themselves. */
  readonly auto: boolean;
  readonly welcome: Partial<Welcome>;
  /** Undefined of a mesh that seals nothing. */
  readonly sealing: FakeSealing | undefined;
  now(): number;
  register(appId: string): Registration;
  /** What the mesh holds of the registration in this slot. */
  held(slot: number): Held;
}

/** What a registration has beside its mail. */
export interface Held {
  readonly tags: Set<string>;
  readonly aliases: Set<string>;
}

/** The registration that a frame is for, if only its app may read it. */
function slotOf(frame: Known<PushDown>): number | undefined {
  switch (frame.kind) {
    case "deliver":
      return frame.value.messages[0]?.slot;
    case "broadcasts":
      return frame.value.broadcasts[0]?.slot;
    case "withdraw":
    case "aliasLost":
      return frame.value.slot;
    default:
      return undefined;
  }
}

/** Neighbours of one registration: a sealed frame has no others. */
function bySlot<T extends { readonly slot: number }>(all: readonly T[]): T[][] {
  const groups: T[][] = [];
  for (const one of all) {
    const last = groups.at(-1);
    if (last?.[0]?.slot === one.slot) last.push(one);
    else groups.push([one]);
  }
  return groups;
}

export class FakeSocket implements Socket {
  readonly url: string;
  readonly protocols: readonly string[];
  readonly #owner: SocketOwner;
  readonly #events: SocketEvents;
  hello: Hello | undefined;
  /** What the device sent; sealed frames opened. */
  readonly frames: PushUp[] = [];
  /** In them, one by one: read at every turn by tests that wait for one. */
  readonly acks: Ack[] = [];
  readonly cursors: Cursor[] = [];
  /** Those of them that were sealed, as they came. */
  readonly sealed: Sealed[] = [];
  #session = new Uint8Array(16);
  pings = 0;
  echoes = 0;
  /** Whether pings and echoes are answered. */
  alive = true;
  closedBy: { readonly by: "device" | "mesh"; readonly code: number } | undefined;
  /** Slots attached now. */
  readonly attached = new Set<number>();
  readonly #sent: Message[] = [];
  readonly #broadcasts: Broadcast[] = [];

  constructor(owner: SocketOwner, url: string, protocols: readonly string[], events: SocketEvents) {
    this.#owner = owner;
    this.url = url;
    this.protocols = protocols;
    this.#events = events;
  }

  // ---- what the script does

  open(): void {
    this.#events.opened();
  }

  welcome(overrides: Partial<Welcome> = {}): void {
    const value: Welcome = {
      session: new Uint8Array(16).fill(1),
      serverTimeMs: this.#owner.now(),
      heartbeatMinMs: LIMITS.HEARTBEAT_MIN_MS,
      heartbeatMaxMs: LIMITS.HEARTBEAT_MAX_MS,
      heartbeatMs: LIMITS.HEARTBEAT_DEFAULT_MS,
      reconnectBaseMs: LIMITS.RECONNECT_BASE_MS,
      reconnectMaxMs: LIMITS.RECONNECT_MAX_MS,
      maxFrameBytes: LIMITS.FRAME_BYTES,
      registrations: this.#owner.registrations,
      resumed: false,
      ...this.#owner.welcome,
      ...overrides,
    };
    this.#session = value.session.slice();
    const { sealing } = this.#owner;
    const registrations = value.registrations.map((one) => sealing?.told(one) ?? one);
    this.link({ kind: "welcome", value: { ...value, registrations } });
  }

  link(frame: Known<LinkDown>): void {
    this.bytes(encodeEnvelope({ channel: CHANNEL_LINK, body: encodeLinkDown(frame) }));
  }

  /** Sends a frame; `slot` is that of the registration to seal it for, if it does not say itself. */
  push(frame: Known<PushDown>, slot = slotOf(frame)): void {
    const { sealing, registrations } = this.#owner;
    const registration = registrations.find((one) => one.slot === slot);
    // Numbers as of Message.seq, above those inside.
    const at = (this.#owner.now() - Date.UTC(2024)) * 4_096 + 2_048;
    const isSealed = slot !== undefined && sealing !== undefined;
    this.plain(isSealed ? sealing.seal(registration, frame, at) : frame);
  }

  /** Sends a frame as it is. */
  plain(frame: Known<PushDown>): void {
    this.bytes(encodeEnvelope({ channel: CHANNEL_PUSH, body: encodePushDown(frame) }));
  }

  deliver(...messages: Message[]): void {
    this.#sent.push(...messages);
    for (const own of bySlot(messages)) this.push({ kind: "deliver", value: { messages: own } });
  }

  broadcast(...broadcasts: Broadcast[]): void {
    this.#broadcasts.push(...broadcasts);
    for (const own of bySlot(broadcasts))
      this.push({ kind: "broadcasts", value: { broadcasts: own } });
  }

  bytes(bytes: Uint8Array): void {
    this.#events.received(bytes);
  }

  text(text: string): void {
    this.#events.received(text);
  }

  end(code: number, reason = ""): void {
    this.closedBy = { by: "mesh", code };
    this.#events.closed(code, reason);
  }

  // ---- what the device does

  send(data: string | Uint8Array): void {
    if (this.closedBy !== undefined) this.#violation("sent on a closed socket");
    else if (typeof data === "string") this.#text(data);
    else this.#binary(data);
  }

  close(code: number): void {
    if (code !== 1000 && (code < 3000 || code > 4999)) this.#violation(`closed with ${code}`);
    this.closedBy ??= { by: "device", code };
  }

  #violation(text: string): void {
    this.#owner.violations.push(text);
  }

  #text(data: string): void {
    if (data !== "ping") this.#violation(`text ${data}`);
    this.pings++;
    if (this.alive) setImmediate(() => this.text("pong"));
  }

  #binary(data: Uint8Array): void {
    const { channel, body } = decodeEnvelope(data);
    if (channel === CHANNEL_LINK) {
      const frame = decodeLinkUp(body);
      if (frame.kind !== "hello" || this.hello !== undefined) {
        this.#violation(`link frame ${frame.kind} out of turn`);
        return;
      }
      this.hello = frame.value;
      for (const slot of frame.value.attach ?? []) this.#attach(slot);
      if (this.#owner.auto) setImmediate(() => this.welcome());
    } else if (this.hello === undefined) {
      this.#violation(`channel ${channel} before hello`);
    } else if (channel === CHANNEL_ECHO) {
      this.echoes++;
      const echo = encodeEcho(decodeEcho(body));
      if (this.alive) setImmediate(() => this.bytes(encodeEnvelope({ channel, body: echo })));
    } else if (channel === CHANNEL_PUSH) {
      this.#push(decodePushUp(body));
    } else this.#violation(`channel ${channel}`);
  }

  #push(frame: PushUp): void {
    this.frames.push(frame);
    switch (frame.kind) {
      case "attach":
        this.#attach(frame.value.slot);
        return;
      case "detach":
        if (!this.attached.delete(frame.value.slot)) this.#violation("detached what was not");
        return;
      case "acks":
        this.acks.push(...frame.value);
        for (const ack of frame.value) this.#acknowledged(ack);
        return;
      case "cursors":
        this.cursors.push(...frame.value);
        for (const cursor of frame.value) this.#taken(cursor);
        return;
      case "subscribe": {
        const { request, slot, add, remove } = frame.value;
        if (add.length + remove.length > LIMITS.SUBSCRIBE_TAGS) this.#violation("too many tags");
        if (!this.#owner.auto) return;
        const { tags } = this.#owner.held(slot);
        for (const tag of add) tags.add(tag);
        for (const tag of remove) tags.delete(tag);
        this.#done(request);
        return;
      }
      case "setAlias": {
        const { request, slot, alias, held } = frame.value;
        if (!this.#owner.auto) return;
        const { aliases } = this.#owner.held(slot);
        if (held) aliases.add(alias);
        else aliases.delete(alias);
        this.#done(request);
        return;
      }
      case "report":
      case "events":
        if (this.#owner.auto) this.#done(frame.value.request);
        return;
      case "describe": {
        const { request, slot } = frame.value;
        if (!this.#owner.auto) return;
        const { tags, aliases } = this.#owner.held(slot);
        // In parts, as a mesh may.
        setImmediate(() => {
          for (const tag of tags) {
            const value = { request, tags: [tag], aliases: [], more: true };
            this.push({ kind: "described", value }, slot);
          }
          const value = { request, tags: [], aliases: [...aliases] };
          this.push({ kind: "described", value }, slot);
        });
        return;
      }
      case "register": {
        const { request, appId, setup } = frame.value;
        if (!this.#owner.auto) return;
        if (setup && this.#owner.sealing?.takesSetups) {
          this.#owner.register(appId);
          void this.#setUp(request, appId, setup, frame.value.sealedGrant);
          return;
        }
        const registration = this.#owner.register(appId);
        setImmediate(() => this.push({ kind: "registered", value: { request, registration } }));
        return;
      }
      case "unregister": {
        const { request, slot } = frame.value;
        if (!this.#owner.auto) return;
        const at = this.#owner.registrations.findIndex((held) => held.slot === slot);
        if (at < 0) this.#violation(`unregister of slot ${slot}`);
        this.#owner.registrations.splice(at, 1);
        this.attached.delete(slot);
        setImmediate(() => this.push({ kind: "unregistered", value: { request, slot } }));
        return;
      }
      case "grant": {
        const { request } = frame.value;
        if (this.#owner.auto) setImmediate(() => this.push({ kind: "done", value: { request } }));
        return;
      }
      case "setKey": {
        const { request, slot, setup } = frame.value;
        if (!this.#owner.auto) return;
        const { appId } = this.#owner.registrations.find((one) => one.slot === slot) ?? {};
        if (appId !== undefined) void this.#setUp(request, appId, setup);
        return;
      }
      case "sealed": {
        this.frames.pop();
        const { slot } = frame.value;
        const registration = this.#owner.registrations.find((one) => one.slot === slot);
        if (registration === undefined) return;
        this.sealed.push(frame.value);
        const session = this.#session;
        this.#push(this.#owner.sealing?.open(registration, frame.value, session) ?? frame);
        return;
      }
      case "unknown":
        this.#violation(`push frame ${frame.value}`);
    }
  }

  async #setUp(request: number, appId: string, setup: KeySetup, grant?: Uint8Array) {
    const { registrations, sealing } = this.#owner;
    const isDone = await sealing?.setUp(appId, setup, grant);
    if (this.closedBy !== undefined) return;
    const at = registrations.findIndex((one) => one.appId === appId);
    const held = registrations[at];
    if (held === undefined) return;
    if (!isDone) {
      const value = { code: 247, name: "link_key_unknown", message: "unknown", request };
      this.push({ kind: "refusal", value });
      return;
    }
    const registration = { ...held, epoch: setup.epoch };
    registrations[at] = registration;
    const isRegister = this.frames.some(
      (frame) => frame.kind === "register" && frame.value.request === request,
    );
    const told = sealing?.told(registration) ?? registration;
    if (isRegister) this.push({ kind: "registered", value: { request, registration: told } });
    else this.push({ kind: "done", value: { request } });
  }

  #done(request: number): void {
    setImmediate(() => this.push({ kind: "done", value: { request } }));
  }

  #attach(slot: number): void {
    if (!this.#owner.registrations.some((held) => held.slot === slot)) {
      this.#violation(`attached slot ${slot}, which is not registered`);
    }
    this.attached.add(slot);
  }

  #taken({ slot, tagRef, position }: Cursor): void {
    const known = this.#broadcasts.some(
      (sent) => sent.slot === slot && sent.tagRef === tagRef && sent.position === position,
    );
    if (!known) this.#violation(`cursor ${slot}/${tagRef}/${position}, which was not sent here`);
  }

  #acknowledged({ slot, priority, seq, discarded = [] }: Ack): void {
    const isKnown = (one: number) =>
      this.#sent.some(
        (message) => message.slot === slot && message.priority === priority && message.seq === one,
      );
    // 0 where it only says what was discarded.
    const named = seq === 0 && discarded.length > 0 ? discarded : [seq, ...discarded];
    if (!named.every(isKnown))
      this.#violation(`acknowledged ${slot}/${priority}/${seq}, which was not sent here`);
  }
}
