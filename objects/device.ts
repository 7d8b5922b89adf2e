/** The Durable Object of one device: a thin shell that gives core/device a socket, storage, an alarm and timers. */
import { DurableObject } from "cloudflare:workers";
import type { AliasSuspension, WithdrawRequest } from "../core/alias/types.ts";
import { backoffMs } from "../core/backoff.ts";
import { COMMAND_WAIT_MS, Device } from "../core/device/device.ts";
import { firstWaitMs } from "../core/device/mail/send-rules.ts";
import type {
  AliasRequest,
  DescribeAnswer,
  OpenAccountAnswer,
  OpenAccountRequest,
  StatusAnswer,
  StatusRequest,
  TagsRequest,
} from "../core/device/types.ts";
import { keyringOf } from "../core/identity/keyring.ts";
import type { Effects, WaitAnswer } from "../core/link/effects.ts";
import type { CommandAnswer } from "../core/message/refusal.ts";
import type { RegistrationName } from "../core/message/registration-name.ts";
import type { SendAnswer, SendRequest } from "../core/message/send.ts";
import { deviceAlarmOf, writeDevice } from "../core/move/device.ts";
import { Depths } from "../core/tag/tree/depths.ts";
import type { DeliverAnswer, DeliverRequest } from "../core/tag/types.ts";
import { MeshError } from "../schema/errors.ts";
import type { DevicePart } from "../schema/export.ts";
import { LIMITS } from "../schema/limits.ts";
import { toBase64Url } from "../schema/text.ts";
import { alarmTime } from "./alarm-room.ts";
import { finish, LINK_SUBPROTOCOL } from "./close.ts";
import { countOf } from "./count.ts";
import { type CallEffect, type CallEnv, resultOf } from "./device-calls.ts";
import { deviceIdentity } from "./device-identity.ts";
import { claimsOf, close, DeviceSocket } from "./device-socket.ts";
import { openRows } from "./durable/runtime.ts";
import { REGISTERED_HEADER } from "./interfaces/connect-answer.ts";
import type { DeviceImportRpc, DeviceRpc } from "./interfaces/rpc.ts";
import { Memory } from "./memory.ts";
import { sends } from "./sends.ts";
import { SqlDeviceStore } from "./storage/device-store.ts";
import { StorageError } from "./storage-error.ts";
import { Waits } from "./waits.ts";

/** What a device object needs of the worker's bindings. */
interface DeviceEnv extends CallEnv {
  readonly RECONNECT_FIRST_MS?: string;
  readonly MESH_KEYS: string;
}

/** Bytes of a session's random name. */
const SESSION_BYTES = 16;
/** RFC 6455 §7.4.1. */
const NORMAL_CLOSURE = 1000;

/**
 * What becomes of the link where a handler breaks off. What others asked of the device is refused to them; what the device itself
 * said, or waits for, it has to say again on another link.
 */
type OnFailure = "keep" | "close";

/** Where joins begin, of all devices of this isolate. */
const depths = new Depths();

export class DeviceObject extends DurableObject<DeviceEnv> implements DeviceRpc, DeviceImportRpc {
  readonly #memory: Memory<
    SqlDeviceStore,
    { readonly store: SqlDeviceStore; readonly device: Device }
  >;
  readonly #waits = new Waits((token) =>
    this.#event((now, effects) => this.#device.waitTimeout(token, now, effects), "keep"),
  );
  readonly #name: string;
  readonly #socket: DeviceSocket;
  /** When the alarm is set for; undefined until asked. */
  #alarmAt: number | null | undefined;
  /** Calls of tags and aliases that are not answered. */
  #calls = 0;
  /** Alarms in a row that failed. */
  #failures = 0;

  constructor(ctx: DurableObjectState, env: DeviceEnv) {
    super(ctx, env);
    this.#name = ctx.id.name ?? "";
    this.#socket = new DeviceSocket(ctx, this.#name);
    const open = () => openRows(ctx, (rows) => new SqlDeviceStore(rows, this.#name));
    this.#memory = new Memory({ open }, ({ store }, broken) => this.#load(store, broken?.device));
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
  }

  get #device(): Device {
    return this.#memory.loaded.device;
  }

  async openAccount(request: OpenAccountRequest): Promise<OpenAccountAnswer> {
    const answer = this.#run((now, effects) => this.#device.openAccount(request, now, effects));
    if (this.#mayNeedAlarm) await this.#setAlarm();
    return answer;
  }

  async send(request: SendRequest): Promise<SendAnswer> {
    sends.began(Date.now());
    return this.#command<SendAnswer>(
      (now, effects) => this.#device.send(request, now, effects),
      firstWaitMs(request),
    );
  }

  async status(request: StatusRequest): Promise<StatusAnswer> {
    return this.#run((now, effects) => this.#device.status(request, now, effects));
  }

  async setTags(request: TagsRequest): Promise<CommandAnswer> {
    return this.#command<CommandAnswer>(
      (now, effects) => this.#device.setTags(request, now, effects),
      COMMAND_WAIT_MS,
    );
  }

  async setAlias(request: AliasRequest): Promise<CommandAnswer> {
    return this.#command<CommandAnswer>(
      (now, effects) => this.#device.setAlias(request, now, effects),
      COMMAND_WAIT_MS,
    );
  }

  async describe(request: RegistrationName): Promise<DescribeAnswer> {
    return this.#run(() => this.#device.describe(request));
  }

  async deliver(request: DeliverRequest): Promise<DeliverAnswer> {
    return this.#command<DeliverAnswer>(
      (now, effects) => this.#device.deliver(request, now, effects),
      request.waitMs,
    );
  }

  async suspendAlias(request: AliasSuspension): Promise<void> {
    this.#run((now, effects) => this.#device.suspendAlias(request, now, effects));
  }

  async withdraw(request: WithdrawRequest): Promise<void> {
    this.#run((now, effects) => this.#device.withdraw(request, now, effects));
  }

  async drain(): Promise<void> {
    this.#run((now, effects) => this.#device.drain(now, effects));
  }

  async write(parts: readonly DevicePart[]): Promise<void> {
    this.#memory.run(({ store }) => writeDevice(store, parts));
    // What is in memory was read before.
    this.#memory.reload();
    await this.#setAlarm(deviceAlarmOf(parts, Date.now()));
  }

  /** A connect request that the edge has authenticated. */
  override async fetch(request: Request): Promise<Response> {
    const { 0: client, 1: server } = new WebSocketPair();
    const session = toBase64Url(crypto.getRandomValues(new Uint8Array(SESSION_BYTES)));
    let isOpen = false;
    this.#run((now, effects) => {
      const opened = this.#device.connect(claimsOf(request.headers), session, now, effects);
      if (opened.ok) {
        isOpen = true;
        this.#socket.accept(server);
        this.#expectHello();
      } else {
        server.accept();
        close(server, opened.code, opened.detail ?? "");
      }
    });
    const headers = {
      "sec-websocket-protocol": LINK_SUBPROTOCOL,
      ...(isOpen && this.#device.isRegistered ? { [REGISTERED_HEADER]: "1" } : {}),
    };
    return new Response(null, { status: 101, webSocket: client, headers });
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    if (!this.#loadsFor(socket) || !this.#isCurrent(socket)) return;
    this.#socket.heard(Date.now());
    const isDone = this.#event((now, effects) => {
      if (typeof message === "string") this.#device.receiveText(now, effects);
      else this.#device.receive(new Uint8Array(message), now, effects);
    }, "close");
    if (isDone && this.#mayNeedAlarm) await this.#setAlarm();
  }

  override webSocketClose(socket: WebSocket): void {
    this.#lose(socket);
    // Without an answer the device's own socket would wait in its closing state until it gives up.
    finish(socket, NORMAL_CLOSURE, "");
  }

  override webSocketError(socket: WebSocket): void {
    this.#lose(socket);
  }

  /** Throws where not even another alarm can be set: the platform gives up one that failed six times. */
  override async alarm(): Promise<void> {
    this.#alarmAt = null;
    try {
      // It writes in any case: what is one commit here costs no more, and an object that ended would count as a failure.
      this.#run((now, effects) => this.#device.onDeadline(now, effects), "keep", true);
      await this.#setAlarm();
      // An empty database is 12 KB and more for ever; nothing else frees it.
      if (!this.#memory.loaded.store.exists && this.#device.session === null)
        await this.ctx.storage.deleteAll();
      this.#failures = 0;
    } catch (error) {
      console.error(error);
      this.#alarmAt = Date.now() + backoffMs(++this.#failures, Math.random());
      await this.ctx.storage.setAlarm(this.#alarmAt);
    }
  }

  /** The device as it is stored, with the link whose socket is still here: after a sleep, a start, or what broke off. */
  #load(store: SqlDeviceStore, broken?: Device) {
    const keyring = keyringOf(this.env.MESH_KEYS);
    if (typeof keyring === "string") throw new Error(keyring);
    const device = new Device({
      store,
      identity: deviceIdentity(keyring, this.#name),
      name: this.#name,
      depths,
      reconnectFirstMs: countOf(this.env.RECONNECT_FIRST_MS) ?? LIMITS.RECONNECT_FIRST_MS,
      bufferedBytes: () => this.#socket.bufferedBytes,
      now: Date.now(),
    });
    for (const socket of this.ctx.getWebSockets()) {
      if (socket.readyState === WebSocket.OPEN) this.#takeUp(socket, device, broken);
    }
    return { store, device };
  }

  #takeUp(socket: WebSocket, device: Device, broken?: Device): void {
    const snapshot = this.#socket.takeUp(socket, device.lastSession);
    if (snapshot === null) return;
    device.restore(snapshot, broken?.lastSeq);
    if (!snapshot.ready) this.#expectHello(device);
  }

  #expectHello({ session } = this.#device): void {
    this.#socket.expectHello(() => {
      if (this.#device.session !== session) return;
      this.#event((now, effects) => this.#device.helloTimeout(now, effects), "close");
    });
  }

  #isCurrent(socket: WebSocket): boolean {
    // The link is there when the device is loaded.
    return this.#device.session !== null && this.#socket.is(socket);
  }

  /** Loads the device for what came on a socket; where that fails the socket is closed, so that its device says it again. */
  #loadsFor(socket: WebSocket): boolean {
    try {
      return this.#device !== undefined;
    } catch (error) {
      console.error(error);
      close(socket, error instanceof StorageError ? error.code : "internal", "");
      return false;
    }
  }

  #lose(socket: WebSocket): void {
    if (!this.#loadsFor(socket)) return;
    // Where its close is what woke the object, it was no longer among the sockets to restore.
    if (this.#device.session === null) this.#takeUp(socket, this.#device);
    if (!this.#isCurrent(socket)) return;
    this.#event((now, effects) => this.#device.linkLost(now, effects), "close");
    socket.serializeAttachment(null);
  }

  /** Runs one handler of the core and carries out what it returned. */
  #run<Answer>(
    handler: (now: number, effects: Effects) => Answer,
    onFailure: OnFailure = "keep",
    isAtomic = false,
  ): Answer {
    const now = Date.now();
    try {
      this.#endSilent(now);
      const effects: Effects = [];
      const answer = this.#memory.run(() => handler(now, effects), { isAtomic });
      this.#carryOut(effects, now);
      return answer;
    } catch (error) {
      // Of the errors that the core knows it has seen to everything itself.
      if (!(error instanceof MeshError) || error instanceof StorageError)
        this.#fail(error, onFailure);
      throw error;
    }
  }

  /**
   * Runs a handler that nobody waits for.
   *
   * @returns false where it broke off
   */
  #event(handler: (now: number, effects: Effects) => void, onFailure: OnFailure): boolean {
    try {
      this.#run(handler, onFailure);
      return true;
    } catch (error) {
      console.error(error);
      return false;
    }
  }

  /** The memory that broke off is gone: who waits is refused, and the link goes on as it was, or is closed. */
  #fail(error: unknown, onFailure: OnFailure): void {
    const code = error instanceof StorageError ? error.code : "internal";
    this.#memory.end(error);
    this.#waits.settleAll({ ok: false, code });
    // A command of the device that waits for a tag or an alias would never be answered.
    if (code !== "internal" && onFailure === "keep" && this.#calls === 0) return;
    this.#socket.close(code, "");
    this.#socket.drop();
  }

  /** Ends a link whose device is gone: whatever comes next finds it offline, and nobody waits for its acknowledgement. */
  #endSilent(now: number): void {
    if (this.#device.session === null) return;
    const seenAt = this.#socket.silentSince(this.#device.lastSeenMs, now);
    if (seenAt === null) return;
    const effects: Effects = [];
    this.#device.linkLost(now, effects, seenAt);
    this.#socket.close("silent", "");
    this.#carryOut(effects, now);
  }

  /** Runs a handler whose answer may be a token to wait for. */
  async #command<Answer extends WaitAnswer>(
    handler: (now: number, effects: Effects) => Answer | number,
    waitMs: number,
  ): Promise<Answer> {
    const answer = this.#run((now, effects) => {
      const given = handler(now, effects);
      // Before the effects are carried out: one of them may be the answer already, if the link was cut.
      return typeof given === "number" ? this.#waits.begin<Answer>(given, waitMs) : given;
    });
    if (!(answer instanceof Promise)) await this.#setAlarm();
    return answer;
  }

  #carryOut(effects: Effects, now: number): void {
    for (const effect of effects) {
      if (effect.kind === "frame") this.#socket.send(effect.bytes);
      else if (effect.kind === "settle") this.#settle(effect.token, effect.answer);
      else if (effect.kind === "wait") this.#waits.goOn(effect.token, effect.ms);
      else if (effect.kind === "close") this.#socket.close(effect.code, effect.detail);
      else void this.#call(effect);
    }
    if (this.#device.session === null) {
      this.#socket.drop();
      return;
    }
    const snapshot = this.#device.takeSnapshot(now);
    if (snapshot !== null) this.#socket.save(snapshot);
  }

  #settle(token: number, answer: WaitAnswer): void {
    // What is queued may expire, and the alarm for that is part of the promise.
    const isQueued = "status" in answer && answer.status !== "delivered";
    this.#waits.settle(token, answer, isQueued ? this.#setAlarm() : undefined);
  }

  async #call(effect: CallEffect): Promise<void> {
    const device = this.#device;
    this.#calls++;
    const result = await resultOf(this.env, effect);
    this.#calls--;
    try {
      // Its token says nothing to another that was loaded since.
      if (this.#device !== device) return;
      this.#run((now, effects) => device.called(effect.token, result, now, effects), "close");
      await this.#setAlarm();
    } catch (error) {
      console.error(error);
    }
  }

  /** Whether there is something to set an alarm for, as far as is known without asking which one stands. */
  get #mayNeedAlarm(): boolean {
    if (this.#device.deadline !== null) return true;
    return typeof this.#alarmAt !== "number" && this.#device.idleDeadline(Date.now()) !== null;
  }

  /**
   * Sets the alarm where it has to come earlier than it stands; it is never moved later, which would cost a row. Where too
   * many are due at once it comes later (alarm-room.ts).
   *
   * @param at when it has to come besides, milliseconds since 1970
   */
  async #setAlarm(at = Number.POSITIVE_INFINITY): Promise<void> {
    if (!this.#mayNeedAlarm) return;
    // What is owed gets its alarm in one commit with what made it owed: a kill between the two would lose it.
    if (this.#alarmAt === undefined && this.#device.owes) this.#alarmAt = null;
    if (this.#alarmAt === undefined) this.#alarmAt = await this.ctx.storage.getAlarm();
    // That nobody uses the account is looked at by whatever alarm comes: for that alone none is moved.
    const own =
      this.#device.deadline ??
      (this.#alarmAt === null ? this.#device.idleDeadline(Date.now()) : null);
    const deadline = at < (own ?? Number.POSITIVE_INFINITY) ? at : own;
    if (deadline === null || (this.#alarmAt !== null && this.#alarmAt <= deadline)) return;
    const time = alarmTime(this.env.MAX_LINKS, deadline, this.#alarmAt);
    if (time === this.#alarmAt) return;
    this.#alarmAt = time;
    try {
      await this.ctx.storage.setAlarm(time);
    } catch (error) {
      this.#alarmAt = undefined;
      throw new StorageError(error);
    }
  }
}
