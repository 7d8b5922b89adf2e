/** A device's link in the tests: it registers one app, and acknowledges what comes unless told not to. */
import {
  type Broadcast,
  CHANNEL_LINK,
  CHANNEL_PUSH,
  decodeEnvelope,
  decodeLinkDown,
  decodePushDown,
  encodeEnvelope,
  encodeLinkUp,
  encodePushUp,
  type LinkDown,
  type Message,
  PROTOCOL_REVISION,
  type PushDown,
  type PushUp,
} from "../../../schema/generated/link.ts";
import { type Account, connect, connectToken, type DeviceKeys } from "./device.ts";

type Frame = LinkDown | PushDown;

export class TestLink {
  readonly messages: Message[] = [];
  readonly broadcasts: Broadcast[] = [];
  /** Aliases that others took. */
  readonly lost: string[] = [];
  /** Keys of messages that other holders of an alias took. */
  readonly withdrawn: Uint8Array[] = [];
  acknowledge = true;
  /** The code with which the mesh closed it. */
  readonly closed: Promise<number>;
  readonly #socket: WebSocket;
  #slot = 0;
  readonly #waiting: { kind: string; resolve: (frame: Frame) => void }[] = [];

  constructor(socket: WebSocket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => {
      socket.addEventListener("close", ({ code }) => resolve(code));
    });
    socket.addEventListener("message", ({ data }) => {
      if (data instanceof ArrayBuffer) this.#receive(new Uint8Array(data));
    });
    socket.binaryType = "arraybuffer";
    socket.accept();
  }

  static async open(keys: DeviceKeys, { credential }: Account): Promise<TestLink> {
    const token = await connectToken(keys, credential);
    const { response } = await connect(`pushmesh.v1, pushmesh.token.${token}`);
    if (response.webSocket === null) throw new Error(`no WebSocket: ${response.status}`);
    const link = new TestLink(response.webSocket);
    const welcome = link.#next("welcome");
    const hello = { kind: "hello", value: { revision: PROTOCOL_REVISION } } as const;
    link.#send(CHANNEL_LINK, encodeLinkUp(hello));
    await welcome;
    return link;
  }

  /** Registers and attaches an app; its regId. */
  async register(appId: string): Promise<string> {
    const answer = this.#next("registered");
    this.#push({ kind: "register", value: { request: 1, appId } });
    const frame = await answer;
    if (frame.kind !== "registered") throw new Error(`unexpected ${frame.kind}`);
    const { slot, regId } = frame.value.registration;
    this.#slot = slot;
    this.#push({ kind: "attach", value: { slot } });
    return regId;
  }

  /** Ends the registration. */
  async unregister(): Promise<void> {
    const answer = this.#next("unregistered");
    this.#push({ kind: "unregister", value: { request: 2, slot: this.#slot } });
    await answer;
  }

  /** Resolves once the mesh has answered on this link. */
  async describe(): Promise<void> {
    const answer = this.#next("described");
    this.#push({ kind: "describe", value: { request: 3, slot: this.#slot } });
    await answer;
  }

  /** Resolves with the next message. */
  async nextMessage(): Promise<Message | undefined> {
    await this.#next("deliver");
    return this.messages.at(-1);
  }

  /** Resolves with the next broadcast. */
  async nextBroadcast(): Promise<Broadcast | undefined> {
    await this.#next("broadcasts");
    return this.broadcasts.at(-1);
  }

  /** Resolves once another registration has taken an alias. */
  async nextLost(): Promise<string | undefined> {
    await this.#next("aliasLost");
    return this.lost.at(-1);
  }

  close(): void {
    this.#socket.close(1000, "");
  }

  #next(kind: string): Promise<Frame> {
    return new Promise((resolve) => this.#waiting.push({ kind, resolve }));
  }

  #push(frame: Exclude<PushUp, { readonly kind: "unknown" }>): void {
    this.#send(CHANNEL_PUSH, encodePushUp(frame));
  }

  #send(channel: number, body: Uint8Array): void {
    this.#socket.send(encodeEnvelope({ channel, body }));
  }

  #receive(bytes: Uint8Array): void {
    const { channel, body } = decodeEnvelope(bytes);
    const frame = channel === CHANNEL_LINK ? decodeLinkDown(body) : decodePushDown(body);
    if (frame.kind === "deliver") {
      const { messages } = frame.value;
      this.messages.push(...messages);
      const acks = messages.map(({ slot, priority, seq }) => ({ slot, priority, seq }));
      if (this.acknowledge) this.#push({ kind: "acks", value: acks });
    }
    if (frame.kind === "broadcasts") {
      const { broadcasts } = frame.value;
      this.broadcasts.push(...broadcasts);
      const cursors = broadcasts.map(({ slot, tagRef, position }) => ({ slot, tagRef, position }));
      if (this.acknowledge) this.#push({ kind: "cursors", value: cursors });
    }
    if (frame.kind === "aliasLost") this.lost.push(frame.value.alias);
    if (frame.kind === "withdraw") this.withdrawn.push(frame.value.key);
    const at = this.#waiting.findIndex(({ kind }) => kind === frame.kind);
    const [waiting] = at < 0 ? [] : this.#waiting.splice(at, 1);
    waiting?.resolve(frame);
  }
}
