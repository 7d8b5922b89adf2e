/** One connection of an app to the push service of its user: greets, then is the port of the app. */
import type { Socket } from "node:net";
import { type PushErrorData, toErrorData } from "../errors.ts";
import type { ServicePort, ToClient } from "../port.ts";
import {
  HELLO_TIMEOUT_MS,
  STOP_WAIT_MS,
  TO_SERVICE_BYTES_MAX,
  UNANSWERED_BYTES_MAX,
  UNANSWERED_MAX,
  UNREAD_BYTES_MAX,
} from "./constants.ts";
import { encodeFrame, FrameReader } from "./frames.ts";
import {
  type AppHello,
  type FromApp,
  type FromService,
  type ServiceHello,
  versionError,
} from "./greeting.ts";

export const BUSY: PushErrorData = {
  code: "service_busy",
  message: "The push service has too many connections, or requests of this app without an answer.",
  retry: "later",
};

const TOO_SLOW: PushErrorData = {
  code: "timeout",
  message: "A message did not arrive whole in time.",
  retry: "later",
};

const ended = (error: PushErrorData | undefined): PushErrorData => ({
  code: "service_unavailable",
  message: `The push service has ended: ${error?.message ?? "it was closed."}`,
  retry: "later",
});

export interface ConnectionOwner {
  readonly hello: ServiceHello;
  /** The app may say what it wants: called once, before any message. */
  serve(port: ServicePort): void;
  /** Answers a question for the status. */
  status(): FromService;
  /** The service says how its link is. */
  told(state: Extract<ToClient, { readonly kind: "state" }>): void;
  ended(connection: Connection): void;
}

export class Connection implements ServicePort {
  onmessage: ServicePort["onmessage"] = null;
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  /** Bytes of the requests without an answer. */
  readonly #unanswered = new Map<number, number>();
  #unansweredBytes = 0;
  #isGreeted = false;
  /** The app that it wants to speak for, and whether it may. */
  #appId: unknown;
  #isOpen = false;
  #isOver = false;
  #frameTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(socket: Socket, owner: ConnectionOwner) {
    this.#socket = socket;
    this.#owner = owner;
    const reader = new FrameReader(TO_SERVICE_BYTES_MAX, (...message) => this.#receive(...message));
    socket.on("data", (chunk: Uint8Array) => {
      try {
        if (!this.#isOver) this.#read(reader, chunk);
      } catch (error) {
        // What is no frame, or no message that we can answer, ends this connection and nothing else.
        this.bye(toErrorData(error, "option_invalid"));
      }
    });
    // A close follows.
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(this.#frameTimer);
      this.#leave();
      owner.ended(this);
    });
    socket.setTimeout(HELLO_TIMEOUT_MS, () => socket.destroy());
    this.#write(owner.hello);
  }

  /** The app that it speaks for. */
  get appId(): string | undefined {
    return this.#isOpen ? String(this.#appId) : undefined;
  }

  postMessage(message: ToClient): void {
    if (this.#isOver) return;
    if (message.kind === "state") {
      this.#isOpen = true;
      // Whoever has greeted and opens no app holds a place.
      this.#socket.setTimeout(0);
      this.#owner.told(message);
      if (message.state === "closed") {
        // A client that is told so does not come again, and the next service may have a link.
        this.bye(ended(message.error));
        return;
      }
    }
    if ((message.kind === "done" || message.kind === "failed") && message.request !== undefined)
      this.#answered(message.request);
    this.#write(message);
  }

  /** The service is done with it: the app has left, or the service is closed. */
  close(): void {
    this.onmessage = null;
    this.#isOver = true;
    this.#socket.end();
    // One that does not end its side would hold its descriptor for as long as it likes.
    const timer = setTimeout(() => this.#socket.destroy(), STOP_WAIT_MS);
    this.#socket.once("close", () => clearTimeout(timer));
  }

  /** Tells the app why the connection ends. */
  bye(error: PushErrorData): void {
    if (this.#isOver) return;
    this.#write({ kind: "bye", error });
    this.#leave();
    this.close();
  }

  /** Resolves when the app has read everything, or is gone. */
  async closed(): Promise<void> {
    if (!this.#socket.destroyed)
      await new Promise((resolve) => this.#socket.once("close", resolve));
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** A frame has as long to arrive as a hello: half of one holds memory. */
  #read(reader: FrameReader, chunk: Uint8Array): void {
    const { count } = reader;
    reader.push(chunk);
    if (reader.count > count) clearTimeout(this.#frameTimer);
    if (reader.count > count || !reader.isPartial) this.#frameTimer = undefined;
    if (reader.isPartial)
      this.#frameTimer ??= setTimeout(() => this.bye(TOO_SLOW), HELLO_TIMEOUT_MS);
  }

  #receive(message: unknown, bytes: number): void {
    if (this.#isOver) return;
    const said = Object(message) as FromApp;
    if (!this.#isGreeted) {
      this.#greet(said as AppHello);
      return;
    }
    if (said.kind === "status") {
      this.#write(this.#owner.status());
      return;
    }
    if (said.kind === "leave") {
      this.#leave();
      this.close();
      return;
    }
    if (said.kind === "open") this.#appId ??= said.appId;
    if (said.kind !== "granted" && "request" in said) {
      const { request } = said;
      this.#answered(request);
      if (said.kind !== "cancel") {
        if (
          this.#unanswered.size >= UNANSWERED_MAX ||
          this.#unansweredBytes + bytes > UNANSWERED_BYTES_MAX
        ) {
          this.#write({ kind: "failed", request, error: BUSY });
          return;
        }
        this.#unanswered.set(request, bytes);
        this.#unansweredBytes += bytes;
      }
    }
    // Checked by the service, as from any port.
    this.onmessage?.({ data: said as never });
  }

  #answered(request: number): void {
    this.#unansweredBytes -= this.#unanswered.get(request) ?? 0;
    this.#unanswered.delete(request);
  }

  #greet(hello: AppHello): void {
    const { version, agent } = this.#owner.hello;
    const error =
      hello.kind === "hello"
        ? versionError({ version, agent }, { version: hello.version, agent: String(hello.agent) })
        : toErrorData("The first message is no hello.", "option_invalid");
    if (error !== undefined) {
      this.bye(error);
      return;
    }
    this.#isGreeted = true;
    this.#owner.serve(this);
  }

  #write(message: FromService): void {
    this.#socket.write(encodeFrame(message));
    // It does not read. Its messages come again when it attaches again.
    if (this.#socket.writableLength > UNREAD_BYTES_MAX) this.#socket.destroy();
  }

  /** As an app that leaves: it may have been killed. */
  #leave(): void {
    this.#isOver = true;
    const { onmessage } = this;
    this.onmessage = null;
    onmessage?.({ data: { kind: "leave" } });
  }
}
