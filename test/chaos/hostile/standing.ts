/** Devices in good standing: registered by a grant, linked, listening; and what is sent to them meanwhile. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Address } from "../../../bench/client/http.ts";
import { WebSocketClient } from "../../../bench/client/websocket.ts";
import {
  decodeEnvelope,
  decodeLinkDown,
  decodePushDown,
  type PushDown,
} from "../../../schema/generated/link.ts";
import { type PushServer, PushServerError } from "../../../sdk/server/mod.ts";
import { hello, offer, push, RawAccount } from "../../mesh/support/raw-device.ts";
import type { Random } from "../random.ts";

/** Devices that are made at a time. */
const AT_A_TIME = 16;
/** As long as the mesh says that too many begin at once: workerd bounds how many objects strangers wake. */
const MAKING_MS = 120_000;

export class StandingDevice {
  regId = "";
  /** How its link was lost; undefined as long as it has it. */
  lost: string | undefined;
  received = 0;
  /** What opened its link; used, and so worth nothing. */
  usedToken = "";
  readonly #account = new RawAccount();
  #socket: WebSocketClient | undefined;
  readonly #ended = Promise.withResolvers<never>();
  #pong: () => void = () => {};
  #registered: (frame: PushDown) => void = () => {};

  /** Makes the account, opens the link, registers and attaches. */
  async stand(address: Address, appId: string, grant?: string): Promise<this> {
    await this.#account.open(`http://${address.host}:${address.port}`);
    this.usedToken = this.#account.token();
    const welcome = Promise.withResolvers<void>();
    // Where the link does not open, that is what is thrown.
    welcome.promise.catch(() => {});
    this.#ended.promise.catch(() => {});
    this.#socket = await WebSocketClient.open(address, "/v1/connect", offer(this.usedToken), {
      onBinary: (bytes) => {
        const { channel, body } = decodeEnvelope(bytes);
        if (channel !== 0) this.#take(decodePushDown(body));
        else if (decodeLinkDown(body).kind === "welcome") welcome.resolve();
      },
      onText: () => this.#pong(),
      onClose: (reason) => {
        this.lost ??= reason;
        welcome.reject(new Error(reason));
        this.#ended.reject(new Error(reason));
      },
    });
    this.#socket.send(hello());
    await welcome.promise;
    const answer = Promise.race([
      new Promise<PushDown>((resolve) => {
        this.#registered = resolve;
      }),
      this.#ended.promise,
    ]);
    const register = { request: 1, appId, ...(grant === undefined ? {} : { grant }) };
    this.#socket.send(push({ kind: "register", value: register }));
    const frame = await answer;
    if (frame.kind !== "registered") throw new Error(`not registered: ${JSON.stringify(frame)}`);
    const { slot, regId } = frame.value.registration;
    this.regId = regId;
    this.#socket.send(push({ kind: "attach", value: { slot } }));
    return this;
  }

  /** Whether its link answers. */
  async answers(withinMs: number): Promise<boolean> {
    if (this.lost !== undefined) return false;
    const pong = new Promise<boolean>((resolve) => {
      this.#pong = () => resolve(true);
    });
    this.#socket?.ping();
    return await Promise.race([pong, sleep(withinMs, false, { ref: false })]);
  }

  leave(): void {
    this.#socket?.close();
  }

  #take(frame: PushDown): void {
    if (frame.kind !== "deliver") {
      this.#registered(frame);
      return;
    }
    const { messages } = frame.value;
    this.received += messages.length;
    const last = messages.at(-1);
    if (last === undefined) return;
    const { slot, priority, seq } = last;
    this.#socket?.send(push({ kind: "acks", value: [{ slot, priority, seq }] }));
  }
}

/** Makes devices; one that the mesh puts off is made again. */
export async function standingDevices(
  count: number,
  make: (index: number) => Promise<StandingDevice>,
): Promise<StandingDevice[]> {
  const made: StandingDevice[] = [];
  let next = 0;
  const end = Date.now() + MAKING_MS;
  const one = async (index: number): Promise<StandingDevice> => {
    for (;;) {
      try {
        return await make(index);
      } catch (error) {
        if (Date.now() > end) throw error;
        await sleep(500);
      }
    }
  };
  const lane = async (): Promise<void> => {
    while (next < count) made.push(await one(next++));
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, lane));
  return made;
}

/** What came of the sends of one phase. */
export interface Sends {
  /** From when each was due to its answer, milliseconds. */
  readonly tookMs: readonly number[];
  /** By status or error code. */
  readonly statuses: Readonly<Record<string, number>>;
}

/** Sends to devices at random, so many a second whether those before were answered or not, for so long. */
export async function sendSteadily(
  sender: PushServer,
  devices: readonly StandingDevice[],
  options: { readonly perSecond: number; readonly ms: number; readonly random: Random },
): Promise<Sends> {
  const { perSecond, ms, random } = options;
  const tookMs: number[] = [];
  const statuses: Record<string, number> = {};
  const sends: Promise<void>[] = [];
  const start = performance.now();
  const count = Math.round((perSecond * ms) / 1_000);
  for (let n = 0; n < count; n++) {
    const due = start + (n * 1_000) / perSecond;
    const early = due - performance.now();
    if (early > 1) await sleep(early);
    const to = devices[random.between(0, devices.length - 1)]?.regId ?? "";
    const send = async (): Promise<void> => {
      const status = await sender.send({ to, data: { n } }).then(
        (answer) => answer.status,
        (error: unknown) => {
          if (!(error instanceof PushServerError)) throw error;
          return error.code;
        },
      );
      tookMs.push(performance.now() - due);
      statuses[status] = (statuses[status] ?? 0) + 1;
    };
    sends.push(send());
  }
  await Promise.all(sends);
  return { tookMs, statuses };
}
