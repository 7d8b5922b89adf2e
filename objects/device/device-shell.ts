/** The object of one device: what others call, and what its socket receives. */
import type { AliasSuspension, WithdrawRequest } from "../../core/alias/types.ts";
import type { Claims } from "../../core/device/account.ts";
import { COMMAND_WAIT_MS } from "../../core/device/device.ts";
import { firstWaitMs } from "../../core/device/mail/send-rules.ts";
import type {
  AliasRequest,
  DescribeAnswer,
  OpenAccountAnswer,
  OpenAccountRequest,
  RemoveAnswer,
  RemoveRequest,
  StatusAnswer,
  StatusRequest,
  TagsRequest,
} from "../../core/device/types.ts";
import type { RecallAnswer, RecallRequest } from "../../core/message/recall.ts";
import type { CommandAnswer, Refused } from "../../core/message/refusal.ts";
import type { RegistrationName } from "../../core/message/registration-name.ts";
import type { SendAnswer, SendRequest } from "../../core/message/send.ts";
import { deviceAlarmOf, writeDevice } from "../../core/move/device.ts";
import type { DeliverAnswer, DeliverRequest } from "../../core/tag/calls/fan-out.ts";
import type { DevicePart } from "../../schema/export.ts";
import { toBase64Url } from "../../schema/text.ts";
import { AlarmRetry } from "../alarm-retry.ts";
import { sends } from "../capacity/sends.ts";
import type { DeviceImportRpc, DeviceRpc } from "../interfaces/rpc.ts";
import type { ObjectRuntime, SocketPort } from "../runtime.ts";
import type { DevicePorts, StoredDevice } from "./device-ports.ts";
import { DeviceRunner } from "./device-runner.ts";
import type { OnFailure } from "./handler.ts";

/** Length of a session's random name. */
const SESSION_BYTES = 16;

export class DeviceShell implements DeviceRpc, DeviceImportRpc {
  readonly #runtime: ObjectRuntime<StoredDevice>;
  readonly #runner: DeviceRunner;
  readonly #retry: AlarmRetry;

  constructor(runtime: ObjectRuntime<StoredDevice>, ports: DevicePorts) {
    this.#runtime = runtime;
    this.#runner = new DeviceRunner(runtime, ports);
    this.#retry = new AlarmRetry(runtime);
  }

  get name(): string {
    return this.#runtime.name;
  }

  openAccount(request: OpenAccountRequest): Promise<OpenAccountAnswer> {
    return this.#runner.run(({ device }, context) => device.openAccount(request, context));
  }

  send(request: SendRequest): Promise<SendAnswer> {
    sends.began(this.#runtime.now());
    return this.#runner.ask(
      firstWaitMs(request),
      ({ device }, context) => device.send(request, context),
      this.#onFailure(request.waitMs === 0 || request.trust !== undefined),
    );
  }

  status(request: StatusRequest): Promise<StatusAnswer> {
    return this.#runner.look(({ device }, context) => device.status(request, context));
  }

  recall(request: RecallRequest): Promise<RecallAnswer> {
    return this.#runner.ask(request.waitMs, ({ device }, context) =>
      device.recall(request, context),
    );
  }

  setTags(request: TagsRequest): Promise<CommandAnswer> {
    return this.#runner.ask(COMMAND_WAIT_MS, ({ device }, context) =>
      device.setTags(request, context),
    );
  }

  setAlias(request: AliasRequest): Promise<CommandAnswer> {
    return this.#runner.ask(COMMAND_WAIT_MS, ({ device }, context) =>
      device.setAlias(request, context),
    );
  }

  describe(request: RegistrationName): Promise<DescribeAnswer> {
    return this.#runner.look(({ device }) => device.describe(request));
  }

  remove(request: RemoveRequest): Promise<RemoveAnswer> {
    return this.#runner.run(({ device }, context) => device.remove(request, context));
  }

  liftBan(app: string): Promise<boolean> {
    return this.#runner.run(({ device }, context) => device.liftBan(app, context));
  }

  deliver(request: DeliverRequest): Promise<DeliverAnswer> {
    return this.#runner.ask(
      request.waitMs,
      ({ device }, context) => device.deliver(request, context),
      this.#onFailure(request.trust !== undefined),
    );
  }

  suspendAlias(request: AliasSuspension): Promise<void> {
    return this.#runner.run(({ device }, context) => device.suspendAlias(request, context));
  }

  withdraw(request: WithdrawRequest): Promise<void> {
    return this.#runner.look(({ device }, context) => device.withdraw(request, context));
  }

  drain(): Promise<void> {
    return this.#runner.look(({ device }, context) => device.drain(context));
  }

  write(parts: readonly DevicePart[]): Promise<void> {
    const alarmAt = deviceAlarmOf(parts, this.#runtime.now());
    return this.#runner.rewrite((store) => writeDevice(store, parts), alarmAt);
  }

  /**
   * Opens a link for claims that the edge has verified.
   *
   * @param accept makes the socket; called once the device accepts the claims
   * @returns the refusal if it does not
   */
  connect(claims: Claims, accept: () => SocketPort): { readonly ok: true } | Refused {
    const session = toBase64Url(this.#runtime.randomBytes(SESSION_BYTES));
    const run = this.#runner.start(({ device }, context) => {
      const opened = device.connect(claims, session, context);
      if (opened.ok) this.#runner.link.begin(accept(), session);
      return opened;
    }, "close");
    this.#runner.reported(run);
    return run.answer;
  }

  /**
   * Receives a WebSocket message other than a heartbeat.
   *
   * @returns when all of its effects are out; null if they are already
   */
  receive(socket: SocketPort, message: string | ArrayBuffer): Promise<void> | null {
    if (!this.#runner.isCurrent(socket)) return null;
    return this.#runner.event(({ device }, context) => {
      if (typeof message === "string") device.receiveText(context);
      else device.receive(new Uint8Array(message), context);
    });
  }

  /**
   * A socket is gone.
   *
   * @param silentMs how long nothing had arrived on it
   * @returns as `receive`
   */
  lose(socket: SocketPort, silentMs = 0): Promise<void> | null {
    if (!this.#runner.isCurrent(socket)) return null;
    return this.#runner.event(({ device }, context) =>
      device.linkLost(context, context.now - silentMs),
    );
  }

  /** The alarm has come, on a host that does not ring again by itself: see `AlarmRetry`. */
  alarm(): Promise<void> {
    return this.#retry.ring(() => this.onDeadline());
  }

  /** The alarm has come. Rejects if it has to come again. */
  async onDeadline(): Promise<void> {
    await this.#runner.run(
      ({ device }, context) => {
        this.#runtime.alarm.fired();
        device.onDeadline(context);
      },
      "keep",
      // Atomic. On Workers that costs no more, because this writes in any case, and an object that ended itself would count as a failed alarm.
      true,
    );
    // Read only now, because a call meanwhile may have started the account again.
    const { device, store } = this.#runner.awake;
    if (!store.exists && device.session === null) await this.#runtime.free();
  }

  /**
   * Leaves memory if there is nothing to do.
   *
   * @returns false if there is, or if it was used after `idleSince`, by `Residence.sweeps`
   */
  sleep(idleSince: number): boolean {
    return this.#runner.sleep(idleSince);
  }

  get isLinked(): boolean {
    return this.#runner.link.socket !== null;
  }

  /** Whether an app is registered on the device. Wakes it. */
  get isRegistered(): boolean {
    return this.#runner.awake.device.isRegistered;
  }

  /** Whether the pool must keep it: it has a socket, or is awake. */
  get isNeeded(): boolean {
    return this.isLinked || this.#runner.isAwake;
  }

  /**
   * Being able to keep the link takes 7 µs of the 18 of a send on Deno (measured). It is not spent if no row is to be written, unless the disk
   * is known to be full.
   */
  #onFailure(writes: boolean): OnFailure {
    const { residence, isFailing } = this.#runtime;
    return writes || isFailing || residence.hibernates ? "keep" : "close";
  }
}
