/**
 * One device of the core with everything around it scripted: clock, store, socket, device and senders.
 *
 * Here core/device is tested by itself, for what its handlers return: the rig calls one, and keeps its effects in lists that a test
 * looks through at once, in the same turn. It carries none of them out, so that there is nothing of the shell to be run in its
 * place; on the shell a test could not tell an effect that a handler returned from one that came of it later. What becomes of
 * effects is tested on the shell itself: by the models (model/, broadcasts/), which run `RunningDevice`.
 */
import type { Claims } from "../../../../core/device/account.ts";
import { Device } from "../../../../core/device/device.ts";
import type { DeviceIdentity } from "../../../../core/device/identity.ts";
import type { LinkSnapshot } from "../../../../core/device/link/snapshot.ts";
import type { StatusAnswer } from "../../../../core/device/types.ts";
import type { Keyring } from "../../../../core/identity/keyring.ts";
import { LinkKeys } from "../../../../core/identity/link-keys.ts";
import type {
  CallResult,
  Context,
  Effect,
  Effects,
  WaitAnswer,
} from "../../../../core/link/effects.ts";
import type { Priority } from "../../../../core/message/priority.ts";
import type { SendAnswer, SendRequest } from "../../../../core/message/send.ts";
import { DepthCache } from "../../../../core/tag/tree/depth-cache.ts";
import type { WebhookEvent } from "../../../../core/webhook/types.ts";
import { nodeCipher } from "../../../../hosts/deno/frame-cipher.ts";
import type { ErrorCode } from "../../../../schema/errors.ts";
import type { Hello, Message, WritablePushUp } from "../../../../schema/generated/link.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { toBase64Url } from "../../../../schema/text.ts";
import { oneKey } from "../../identity/fixtures.ts";
import { acksOf, type Down, hello, messagesIn, push, readDown } from "./frames.ts";
import { MemoryStore } from "./memory-store.ts";
import { OPEN } from "./open-app.ts";

/** 2026-11-01T00:00:00Z. */
export const START_MS = 1_793_491_200_000;
const utf8 = new TextEncoder();

/** Apps are named by letters here; "foreign" is one that the mesh did not issue. */
export const identity: DeviceIdentity = {
  registration: (app, generation) => ({
    regId: `reg-${app}-${generation}`,
    identity: `${app}-${generation}`,
  }),
  appId: (app) => `app-${app}`,
  openAppId: (appId) => (appId.startsWith("app-") ? appId.slice(4) : undefined),
  source: (app, tagId) => `source-${app}-${tagId}`,
};

/** Of the device's object. */
export const DEVICE_NAME = "Zm9vYmFyYmF6cXV4MTIzNA";

/** Its keys of the link. @param onMake called for each key that is opened */
export const linkKeysOf = (keyring: Keyring, onMake: () => void = () => {}) =>
  new LinkKeys(keyring, DEVICE_NAME, (key) => {
    onMake();
    // The faster one: the models seal tens of thousands of frames.
    return nodeCipher(key);
  });

type CallEffect = Extract<Effect, { kind: "tag" | "alias" | "app" }>;

/** 9 bytes that begin with the text. */
export function keyOf(name: string): Uint8Array {
  const key = new Uint8Array(9);
  utf8.encodeInto(name, key);
  return key;
}

function quietAnswer({ call }: CallEffect): Extract<CallResult, { ok: true }>["answer"] {
  switch (call.method) {
    case "join":
      return { kind: "joined", head: 0 };
    case "leave":
      return true;
    case "attach":
      return { kind: "attached", upTo: call.request.after ?? 0, more: false, entries: [] };
    case "set":
      return { ok: true };
    case "admit":
      return OPEN;
    default:
      return undefined;
  }
}

export type SendFields = Partial<Omit<SendRequest, "key" | "data">> & {
  /** At most 9 characters; also the data, where that is not given. */
  readonly key?: string;
  readonly data?: Uint8Array | string;
};

export class Rig {
  now = START_MS;
  store: MemoryStore;
  device: Device;
  /** Bytes that the socket is said to hold unsent. */
  buffered = 0;
  /** What came on the current socket since it was last taken. */
  #inbox: Down[] = [];
  closes: { readonly code: ErrorCode; readonly detail: string }[] = [];
  readonly answers = new Map<number, WaitAnswer>();
  /** Tokens whose senders wait on. */
  waits: number[] = [];
  /** Calls to nodes and aliases that were not answered. */
  readonly calls: CallEffect[] = [];
  /** Calls of webhooks, which wait for `webhookAnswered`. */
  readonly webhooks: Extract<Effect, { readonly kind: "webhook" }>[] = [];
  /** Whether calls to apps are among them too; otherwise they are answered at once, by an open app. */
  keepsAppCalls = false;
  readonly depths = new DepthCache();
  /** What the socket's attachment holds. */
  attachment: LinkSnapshot | null = null;
  publicKey = "key-1";
  /** The mesh's keys from the next life of the object on. */
  keyring = oneKey;
  /** Keys of sealed frames that the object made ready, two for an epoch. */
  opened = 0;
  #connects = 0;
  #keys = 0;

  constructor(store = new MemoryStore()) {
    this.store = store;
    this.device = this.#boot();
  }

  /** A device with an account, a ready link, and app "a" in slot 1, attached. */
  static online(): Rig {
    const rig = Rig.registered();
    rig.command({ kind: "attach", value: { slot: 1 } });
    rig.take();
    return rig;
  }

  /** The same, but its app does not listen. */
  static registered(): Rig {
    const rig = new Rig();
    rig.openAccount();
    rig.connect();
    rig.register("a");
    rig.take();
    return rig;
  }

  /** The same with no link. */
  static offline(): Rig {
    const rig = Rig.registered();
    rig.lose();
    return rig;
  }

  /** Runs one handler and carries its effects out. */
  run<Answer>(handler: (context: Context) => Answer): Answer {
    const effects: Effects = [];
    const answer = handler({ now: this.now, effects });
    const admits: number[] = [];
    for (const effect of effects) {
      if (effect.kind === "frame") this.#inbox.push(readDown(effect.bytes));
      else if (effect.kind === "close") this.closes.push(effect);
      else if (effect.kind === "settle") this.answers.set(effect.token, effect.answer);
      else if (effect.kind === "wait") this.waits.push(effect.token);
      else if (effect.kind === "app" && !this.keepsAppCalls) admits.push(effect.token);
      else if (effect.kind === "webhook") this.webhooks.push(effect);
      else this.calls.push(effect);
    }
    this.attachment =
      this.device.session === null ? null : (this.device.takeSnapshot(this.now) ?? this.attachment);
    for (const token of admits)
      this.run((context) => this.device.onCallResult(token, { ok: true, answer: OPEN }, context));
    return answer;
  }

  openAccount(handoverFrom: string | null = null, publicKey = this.publicKey) {
    return this.run((context) => this.device.openAccount({ publicKey, handoverFrom }, context));
  }

  /** Opens a socket; without `greeting: null` says hello too. */
  connect(greeting: Partial<Hello> | null = {}, claims: Partial<Claims> = {}) {
    const n = ++this.#connects;
    const session = toBase64Url(new Uint8Array(16).fill(n));
    const all: Claims = {
      generation: this.store.account?.generation ?? 1,
      publicKey: this.publicKey,
      tokenId: `token-${n}`,
      tokenExpires: Math.floor(this.now / 1_000) + 60,
      ...claims,
    };
    const opened = this.run((context) => this.device.connect(all, session, context));
    if (opened.ok) {
      this.#inbox = [];
      if (greeting !== null) this.receive(hello(greeting));
    }
    return opened;
  }

  receive(bytes: Uint8Array): void {
    this.run((context) => this.device.receive(bytes, context));
  }

  command(frame: WritablePushUp): void {
    this.receive(push(frame));
  }

  /** Answers the oldest call. @throws Error where there is none */
  answerCall(result: CallResult): CallEffect {
    const call = this.calls.shift();
    if (call === undefined) throw new Error("nothing was called");
    this.run((context) => this.device.onCallResult(call.token, result, context));
    return call;
  }

  /** Answers all calls as nodes do that have room and broadcast nothing; what was called. */
  answerCalls(): CallEffect[] {
    const answered: CallEffect[] = [];
    for (let next = this.calls[0]; next !== undefined; next = this.calls[0]) {
      answered.push(this.answerCall({ ok: true, answer: quietAnswer(next) }));
    }
    return answered;
  }

  /** Joins tags, as the device's own command. */
  subscribe(...add: string[]): void {
    this.command({ kind: "subscribe", value: { request: 50, slot: 1, add, remove: [] } });
    this.answerCalls();
  }

  /** Registers an app, and returns its slot. */
  register(app: string): number {
    this.command({ kind: "register", value: { request: 1, appId: `app-${app}` } });
    const answer = this.#inbox.findLast((frame) => frame.kind === "registered");
    if (answer?.kind !== "registered") throw new Error(`${app} was not registered`);
    return answer.value.registration.slot;
  }

  lose(): void {
    this.run((context) => this.device.linkLost(context));
    this.#inbox = [];
  }

  /** The frames that came since the last call. */
  take(): Down[] {
    return this.#inbox.splice(0);
  }

  /** The messages that came since the last call. */
  takeMessages(): Message[] {
    return messagesIn(this.take());
  }

  /** Acknowledges all that came since the last call, until nothing more comes; returns it. */
  takeAndAck(): Message[] {
    const all: Message[] = [];
    for (;;) {
      const messages = this.takeMessages();
      if (messages.length === 0) return all;
      all.push(...messages);
      this.receive(acksOf(messages));
    }
  }

  ack(slot: number, priority: Priority, seq: number, discarded: readonly number[] = []): void {
    const all = discarded.length === 0 ? {} : { discarded };
    this.command({ kind: "acks", value: [{ slot, priority, seq, ...all }] });
  }

  /** What the regId of an app says now. */
  generationOf(app: string): number {
    const all = this.store.listRegistrations();
    const account = this.store.account?.generation ?? 1;
    return all.find((record) => record.app === app)?.generation || account;
  }

  request({ key = `k${++this.#keys}`, data = key, ...fields }: SendFields = {}): SendRequest {
    return {
      app: "a",
      generation: this.generationOf(fields.app ?? "a"),
      key: keyOf(key),
      lane: 2,
      contentType: 2,
      data: typeof data === "string" ? utf8.encode(data) : data,
      ttlSeconds: 3_600,
      collapseKey: null,
      onOverflow: "drop_oldest",
      waitMs: 5_000,
      ...fields,
    };
  }

  /** The answer, or the token of a sender that waits. */
  send(fields: SendFields = {}): SendAnswer | number {
    const request = this.request(fields);
    return this.run((context) => this.device.send(request, context));
  }

  /** Sends without waiting. @throws Error where it was refused, or has to wait */
  queue(fields: SendFields = {}): { status: string; seq: number } {
    const answer = this.send({ waitMs: 0, ...fields });
    if (typeof answer === "number" || !answer.ok) throw new Error(JSON.stringify(answer));
    return answer;
  }

  /** Sends and waits. @throws Error where it was answered at once */
  sendAndWait(fields: SendFields = {}): number {
    const answer = this.send(fields);
    if (typeof answer !== "number") throw new Error(JSON.stringify(answer));
    return answer;
  }

  /** The first wait of a sender is over: undefined where it waits on. */
  firstTimeout(token: number): WaitAnswer | undefined {
    this.run((context) => this.device.waitTimeout(token, context));
    return this.answers.get(token);
  }

  /** All of its wait is over. */
  timeout(token: number): WaitAnswer | undefined {
    const answer = this.firstTimeout(token);
    return this.waits.includes(token) ? this.firstTimeout(token) : answer;
  }

  status(
    key: string,
    seq: number,
    fields: { app?: string; generation?: number } = {},
  ): StatusAnswer {
    const { app = "a", generation = this.generationOf(fields.app ?? "a") } = fields;
    const request = { app, generation, seq, key: keyOf(key) };
    return this.run((context) => this.device.status(request, context));
  }

  /** The status of a message, or the code of the refusal. */
  statusOf(key: string, seq: number): string {
    const answer = this.status(key, seq);
    return answer.ok ? answer.status : answer.code;
  }

  alarm(): void {
    this.run((context) => this.device.onDeadline(context));
  }

  /** The object sleeps and wakes with its socket open. */
  hibernate(): void {
    this.device = this.#boot();
    const { attachment } = this;
    if (attachment === null) return;
    // The attachment is structured-cloned by the platform.
    this.run(() => this.device.restore(structuredClone(attachment)));
  }

  /** The process is killed, and its socket with it. */
  restart(): void {
    this.store = this.store.copy();
    this.attachment = null;
    this.#inbox = [];
    this.calls.length = 0;
    this.webhooks.length = 0;
    this.device = this.#boot();
  }

  /** The webhooks of the app answer the oldest call, or it fails; its events. */
  webhookAnswered(isOk = true): readonly WebhookEvent[] {
    const [call] = this.webhooks.splice(0, 1);
    if (call === undefined) throw new Error("no webhook is called");
    const { token } = call;
    const result = isOk ? ({ ok: true, answer: { ok: true } } as const) : ({ ok: false } as const);
    this.run((context) => this.device.onCallResult(token, result, context));
    return call.call.request.events;
  }

  /** Rows written while the action ran. */
  rows(action: () => void): number {
    const before = this.store.rowsWritten;
    action();
    return this.store.rowsWritten - before;
  }

  #boot(): Device {
    return new Device({
      store: this.store,
      identity,
      linkKeys: linkKeysOf(this.keyring, () => {
        this.opened++;
      }),
      name: DEVICE_NAME,
      depths: this.depths,
      reconnectFirstMs: LIMITS.RECONNECT_FIRST_MS,
      webhookShards: 1,
      bufferedBytes: () => this.buffered,
      now: this.now,
    });
  }
}
