/** A device whose app has a key with the mesh, written from docs/protocol.md alone, over a raw socket. */
import type {
  LinkDown,
  Message,
  PushDown,
  Registration,
  WritablePushUp,
} from "../../../schema/generated/link.ts";
import type { LinkKeysAnswerBody } from "../../../schema/http.ts";
import { Epoch } from "../../core/device/support/sealing-app.ts";
import { hello, push, RawAccount, RawDevice } from "./raw-device.ts";

export type AnyDown = LinkDown | PushDown;

export class SealedDevice {
  readonly #url: string;
  readonly #appId: string;
  readonly account: RawAccount;
  epoch: Epoch;
  registration: Registration;
  #link: RawDevice | null = null;
  #session: Uint8Array = new Uint8Array();
  #number = 0;
  /** Everything that came on its links, as bytes. */
  readonly wire: Uint8Array[] = [];
  /** The messages that it has acknowledged, as text. */
  readonly shown: string[] = [];

  private constructor(url: string, appId: string, account: RawAccount, epoch: Epoch) {
    this.#url = url;
    this.#appId = appId;
    this.account = account;
    this.epoch = epoch;
    this.registration = { slot: 0, appId, regId: "" };
  }

  /** Registers an app with a key and attaches it. */
  static async register(url: string, appId: string, grant?: string): Promise<SealedDevice> {
    const epoch = await newEpoch(url, appId, 1);
    const device = new SealedDevice(url, appId, await new RawAccount().open(url), epoch);
    await device.connect();
    device.plain({ kind: "register", value: epoch.register(1, appId, grant) });
    const frame = await device.next();
    if (frame.kind !== "registered") throw new Error(JSON.stringify(frame));
    device.registration = frame.value.registration;
    const { slot } = device.registration;
    device.plain({ kind: "attach", value: { slot } });
    // As RawDevice.register does.
    device.say({ kind: "describe", value: { request: 1, slot } });
    const described = await device.next();
    if (described.kind !== "described") throw new Error(JSON.stringify(described));
    return device;
  }

  /** Opens a link, and attaches the registration if there is one. @returns what the mesh says of it */
  async connect(): Promise<Registration | undefined> {
    const { slot } = this.registration;
    const link = await RawDevice.open(this.#url, this.account);
    this.#link = link;
    link.socket.binary(hello(undefined, slot === 0 ? [] : [slot]));
    const frame = await link.next();
    if (frame.kind !== "welcome") throw new Error(JSON.stringify(frame));
    this.#session = frame.value.session;
    this.#number = 0;
    const held = frame.value.registrations.find(({ appId }) => appId === this.#appId);
    if (held !== undefined) this.registration = held;
    return held;
  }

  disconnect(): void {
    this.#link?.socket.destroy();
    this.#link = null;
  }

  /** Another epoch with the mesh's present key. */
  newEpoch(epoch: number): Promise<Epoch> {
    return newEpoch(this.#url, this.#appId, epoch);
  }

  plain(command: WritablePushUp): void {
    this.#link?.socket.binary(push(command));
  }

  /** Sends a command sealed. */
  say(command: WritablePushUp): void {
    this.plain(this.epoch.seal(this.registration, this.#session, ++this.#number, command));
  }

  /** The next frame as it is on the wire. */
  async raw(): Promise<AnyDown> {
    if (this.#link === null) throw new Error("no link");
    return await this.#link.next();
  }

  /** The next frame, opened. @throws Error if it does not open, or was sent in the clear */
  async next(): Promise<AnyDown> {
    const frame = await this.raw();
    if (["deliver", "broadcasts", "described", "withdraw", "aliasLost"].includes(frame.kind))
      throw new Error(`${frame.kind} in the clear`);
    if (frame.kind !== "sealed") return frame;
    this.wire.push(frame.value.body);
    const opened = this.epoch.open(this.registration, frame.value);
    if (opened === null) throw new Error(`number ${frame.value.number} does not open`);
    return opened;
  }

  /** Takes the next messages, and acknowledges them. */
  async take(): Promise<string[]> {
    const frame = await this.next();
    if (frame.kind !== "deliver") throw new Error(JSON.stringify(frame));
    return frame.value.messages.map((message) => this.#show(message));
  }

  /** Takes messages until there were so many. */
  async takeAll(count: number): Promise<string[]> {
    const all: string[] = [];
    while (all.length < count) all.push(...(await this.take()));
    return all;
  }

  #show({ slot, priority, seq, data }: Message): string {
    this.plain({ kind: "acks", value: [{ slot, priority, seq }] });
    const text = Buffer.from(data).toString();
    this.shown.push(text);
    return text;
  }
}

async function newEpoch(url: string, appId: string, epoch: number): Promise<Epoch> {
  const answer = await fetch(`${url}/v1/link-keys`);
  const { keys } = (await answer.json()) as LinkKeysAnswerBody;
  const [key] = keys;
  if (key === undefined) throw new Error("the mesh has no key");
  return new Epoch(appId, { ...key, publicKey: Buffer.from(key.publicKey, "base64url") }, epoch);
}
