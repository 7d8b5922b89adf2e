/** One device in a process that holds them all: what others call of it, and what its socket says. */

import type { AliasSuspension, WithdrawRequest } from "../../../core/alias/types.ts";
import type { Claims } from "../../../core/device/account.ts";
import { COMMAND_WAIT_MS } from "../../../core/device/device.ts";
import { firstWaitMs } from "../../../core/device/mail/send-rules.ts";
import type {
  AliasRequest,
  DescribeAnswer,
  OpenAccountAnswer,
  OpenAccountRequest,
  StatusAnswer,
  StatusRequest,
  TagsRequest,
} from "../../../core/device/types.ts";
import type { CommandAnswer } from "../../../core/message/refusal.ts";
import type { RegistrationName } from "../../../core/message/registration-name.ts";
import type { SendAnswer, SendRequest } from "../../../core/message/send.ts";
import type { DeliverAnswer, DeliverRequest } from "../../../core/tag/types.ts";
import type { DeviceRpc } from "../../../objects/interfaces/rpc.ts";
import { sends } from "../../../objects/sends.ts";
import { MeshError } from "../../../schema/errors.ts";
import { toBase64Url } from "../../../schema/text.ts";
import { DeviceRunner, type OnFailure } from "./device-runner.ts";
import type { Mesh } from "./mesh.ts";
import type { Pooled } from "./pool.ts";
import type { DeviceSocket } from "./socket.ts";

/** Bytes of a session's random name. */
const SESSION_BYTES = 16;

export class DeviceHost implements DeviceRpc, Pooled {
  readonly #mesh: Mesh;
  readonly name: string;
  readonly #runner: DeviceRunner;

  constructor(mesh: Mesh, name: string) {
    this.#mesh = mesh;
    this.name = name;
    this.#runner = new DeviceRunner(mesh, name, () => mesh.devices.woke(this));
  }

  async openAccount(request: OpenAccountRequest): Promise<OpenAccountAnswer> {
    return this.#runner.run(({ device }, now, effects) =>
      device.openAccount(request, now, effects),
    );
  }

  async send(request: SendRequest): Promise<SendAnswer> {
    sends.began(Date.now());
    return this.#runner.ask(
      firstWaitMs(request),
      ({ device }, now, effects) => device.send(request, now, effects),
      this.#onFailure(request.waitMs === 0),
    );
  }

  async status(request: StatusRequest): Promise<StatusAnswer> {
    return this.#runner.run(({ device }, now, effects) => device.status(request, now, effects));
  }

  async setTags(request: TagsRequest): Promise<CommandAnswer> {
    return this.#runner.ask(COMMAND_WAIT_MS, ({ device }, now, effects) =>
      device.setTags(request, now, effects),
    );
  }

  async setAlias(request: AliasRequest): Promise<CommandAnswer> {
    return this.#runner.ask(COMMAND_WAIT_MS, ({ device }, now, effects) =>
      device.setAlias(request, now, effects),
    );
  }

  async describe(request: RegistrationName): Promise<DescribeAnswer> {
    return this.#runner.run(({ device }) => device.describe(request));
  }

  async deliver(request: DeliverRequest): Promise<DeliverAnswer> {
    return this.#runner.ask(
      request.waitMs,
      ({ device }, now, effects) => device.deliver(request, now, effects),
      this.#onFailure(false),
    );
  }

  async suspendAlias(request: AliasSuspension): Promise<void> {
    await this.#runner.run(({ device }, now, effects) =>
      device.suspendAlias(request, now, effects),
    );
  }

  async withdraw(request: WithdrawRequest): Promise<void> {
    await this.#runner.run(({ device }, now, effects) => device.withdraw(request, now, effects));
  }

  async drain(): Promise<void> {
    await this.#runner.run(({ device }, now, effects) => device.drain(now, effects));
  }

  /**
   * Opens a link on a socket.
   *
   * @param accept called once the claims are good: makes the socket
   * @throws MeshError where the device refuses the claims
   */
  connect(claims: Claims, accept: () => DeviceSocket): void {
    const session = toBase64Url(crypto.getRandomValues(new Uint8Array(SESSION_BYTES)));
    const { out } = this.#runner.start(({ device }, now, effects) => {
      const opened = device.connect(claims, session, now, effects);
      if (!opened.ok) throw new MeshError(opened.code, opened.detail);
      this.#runner.take(accept, session);
    }, "close");
    out?.catch((error: unknown) => this.#mesh.report(error));
  }

  /** One WebSocket message of this socket, other than the heartbeat. */
  receive(socket: DeviceSocket, message: string | ArrayBuffer): void {
    if (socket !== this.#runner.socket) return;
    this.#runner.event(({ device }, now, effects) => {
      if (typeof message === "string") device.receiveText(now, effects);
      else device.receive(new Uint8Array(message), now, effects);
    });
  }

  /**
   * This socket is gone.
   *
   * @param silentMs for how long nothing had come on it
   */
  lose(socket: DeviceSocket, silentMs = 0): void {
    if (socket !== this.#runner.socket) return;
    this.#runner.event(({ device }, now, effects) => device.linkLost(now, effects, now - silentMs));
  }

  /**
   * What is needed to keep the link takes 7 µs of the 18 that a send takes here (measured): not spent where no row is to be
   * written, until the disk is known to be full.
   */
  #onFailure(writes: boolean): OnFailure {
    return writes || this.#mesh.db.isFailing ? "keep" : "close";
  }

  /** The alarm has come. */
  async onDeadline(): Promise<void> {
    await this.#runner.run(({ device, store }, now, effects) => {
      store.clearAlarm();
      device.onDeadline(now, effects);
    });
  }

  /**
   * Leaves memory if there is nothing to do.
   *
   * @returns false where there is, or it was used after `idleSince`, by `Mesh.sweeps`
   */
  sleep(idleSince: number): boolean {
    return this.#runner.sleep(idleSince);
  }

  get isLinked(): boolean {
    return this.#runner.socket !== null;
  }

  /** Whether an app is registered on it. Wakes it. */
  get isRegistered(): boolean {
    return this.#runner.start(({ device }) => device.isRegistered, "keep").answer;
  }

  /** Whether it must stay findable: it has a socket, or is awake. */
  get isNeeded(): boolean {
    return this.#runner.socket !== null || this.#runner.isAwake;
  }
}
