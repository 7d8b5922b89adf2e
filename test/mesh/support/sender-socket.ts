/** The WebSocket of a sender link, frame by frame. */
import { onTestFinished } from "vitest";
import {
  CHANNEL_SEND,
  ContentType,
  decodeEnvelope,
  decodeSendDown,
  encodeEnvelope,
  encodeSendContent,
  encodeSendUp,
  PROTOCOL_REVISION,
  type Send,
  type SendDown,
  type WritableSendUp,
} from "../../../schema/generated/link.ts";
import { signRequest } from "../../../sdk/server/sign.ts";
import { signerOf } from "../../../sdk/server/signer.ts";
import type { App } from "../../chaos/mesh.ts";

export const LINK_PATH = "/v1/messages/link";
const PROTOCOL = "pushmesh.send.v1";

/** The headers of a signed upgrade. */
export async function linkHeaders(
  url: string,
  { keyId, secret }: Pick<App, "keyId" | "secret">,
  nonce: string | undefined = crypto.randomUUID(),
): Promise<Record<string, string>> {
  const headers = new Map<string, string>();
  const created = Math.floor(Date.now() / 1_000);
  const signer = await signerOf(secret);
  const options = { keyId, signer, created, ...(nonce === undefined ? {} : { nonce }) };
  await signRequest("GET", url + LINK_PATH, headers, null, options);
  return Object.fromEntries(headers);
}

const utf8 = new TextEncoder();

/** A send of a text. */
export const textSend = (request: number, to: string, text: string, key = `${request}`): Send => ({
  request,
  to,
  content: encodeSendContent({ contentType: ContentType.TEXT, data: utf8.encode(text) }),
  idempotencyKey: utf8.encode(key),
});

export const upBytes = (frame: WritableSendUp): Uint8Array<ArrayBuffer> =>
  encodeEnvelope({ channel: CHANNEL_SEND, body: encodeSendUp(frame) });

export class SenderSocket {
  readonly frames: SendDown[] = [];
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly #socket: WebSocket;
  #woken = () => {};

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => {
      if (typeof data !== "string")
        this.frames.push(decodeSendDown(decodeEnvelope(new Uint8Array(data)).body));
      this.#woken();
    });
    this.closed = new Promise((resolve) =>
      socket.addEventListener("close", ({ code, reason }) => {
        resolve({ code, reason });
        this.#woken();
      }),
    );
    onTestFinished(() => socket.close());
  }

  /** Rejects if the upgrade is refused. */
  static async open(url: string, headers: Readonly<Record<string, string>>): Promise<SenderSocket> {
    const init = { protocols: [PROTOCOL], headers };
    const socket = new WebSocket(url.replace(/^http/, "ws") + LINK_PATH, init as never);
    const opened = new SenderSocket(socket);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener("open", () => resolve());
      socket.addEventListener("error", () => reject(new Error("the upgrade is refused")));
    });
    return opened;
  }

  /** Opened, and welcome. */
  static async welcome(url: string, app: App): Promise<SenderSocket> {
    const socket = await SenderSocket.open(url, await linkHeaders(url, app));
    socket.up({ kind: "hello", value: { revision: PROTOCOL_REVISION } });
    await socket.until("welcome");
    return socket;
  }

  up(frame: WritableSendUp): void {
    this.#socket.send(upBytes(frame));
  }

  raw(data: string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(data);
  }

  /** The first frame of a kind that has come or comes. */
  async until<Kind extends SendDown["kind"]>(
    kind: Kind,
  ): Promise<Extract<SendDown, { kind: Kind }>> {
    for (;;) {
      const found = this.frames.find((frame) => frame.kind === kind);
      if (found !== undefined) return found as Extract<SendDown, { kind: Kind }>;
      await new Promise<void>((resolve) => {
        this.#woken = resolve;
      });
    }
  }
}
