/** The commands of an app that the mesh has not answered: sealed when the push service sends them. */
import { type Described, encodePushUp } from "../../../../schema/generated/link.ts";
import type { PushErrorData } from "../../errors.ts";
import type { ClientPort, Command, Description, ToClient, ToService } from "../../port.ts";
import type { Epoch, Epochs } from "./epochs.ts";

interface Asked {
  readonly command: Command | { readonly kind: "ping" };
  /** Number of its last sealed frame. */
  wireRequest?: number;
  /** What the mesh has described so far. */
  described?: Description[];
}

type Frame = Parameters<typeof encodePushUp>[0];

export const NOT_SEALED: PushErrorData = {
  code: "sealed_invalid",
  message: "The app has no key for the command, or the answer is not from the mesh.",
  retry: "later",
};

export class SealedCommands {
  readonly #port: ClientPort;
  readonly #epochs: Epochs;
  readonly #now: () => number;
  readonly #answer: (answer: ToClient) => void;
  readonly #asked = new Map<number, Asked>();
  /** Number of the last command that was sealed. */
  #number = 0;
  /** The grant that renews the registration, until it is sealed. */
  grant = "";

  /** @param answer passes an answer that the push service has not given */
  constructor(
    port: ClientPort,
    epochs: Epochs,
    now: () => number,
    answer: (answer: ToClient) => void,
  ) {
    this.#port = port;
    this.#epochs = epochs;
    this.#now = now;
    this.#answer = answer;
  }

  /** The client sends a message. */
  sent(message: ToService): void {
    if (!("request" in message) || message.kind === "granted") return;
    if (message.kind === "cancel") this.answered(message.request);
    else this.#asked.set(message.request, { command: message });
  }

  answered(request: number): void {
    this.#asked.delete(request);
  }

  /**
   * Seals a command.
   *
   * @param ending the command, if the push service asks for it without the client, since another client of the storage has signed out
   */
  async seal(
    { request, wireRequest, session, slot }: Extract<ToClient, { readonly kind: "seal" }>,
    epoch: Epoch | undefined,
    ending: Command | undefined,
  ): Promise<void> {
    const asked: Asked | undefined = ending ? { command: ending } : this.#asked.get(request);
    if (asked === undefined || epoch === undefined) {
      this.#end(request, wireRequest, { kind: "failed", error: NOT_SEALED });
      return;
    }
    const { command } = asked;
    asked.wireRequest = wireRequest;
    if (command.kind === "describe") asked.described = [];
    const kind = command.kind === "register" ? "grant" : command.kind;
    const value = { ...command, request: wireRequest, slot, grant: this.grant };
    // The codec only writes the fields of the command.
    const frame = encodePushUp({ kind, value } as unknown as Frame);
    // Above those of a client that had this session before a reload of its page.
    this.#number = Math.max(this.#number + 1, Math.ceil(this.#now()));
    const number = this.#number;
    const body = await this.#epochs.seal(epoch, { number, session }, frame);
    this.#port.postMessage({ kind: "sealed", wireRequest, epoch: epoch.epoch, number, body });
  }

  /** The mesh has answered a command, or a part of it, in a sealed frame. */
  described(part: Described): void {
    for (const [request, { wireRequest = 0, described }] of this.#asked) {
      if (wireRequest !== part.request || described === undefined) continue;
      described.push(part);
      if (part.more) return;
      const tags = described.flatMap(({ tags }) => tags);
      const aliases = described.flatMap(({ aliases }) => aliases);
      this.#end(request, wireRequest, { kind: "done", request, value: { tags, aliases } });
    }
  }

  /** A frame did not open: it may have been the answer. */
  lost(): void {
    for (const [request, { wireRequest, described }] of [...this.#asked])
      if (described && wireRequest)
        this.#end(request, wireRequest, { kind: "failed", error: NOT_SEALED });
  }

  /** The push service need not wait for the mesh any more. */
  #end(request: number, wireRequest: number, answer: ToClient): void {
    this.#port.postMessage({ kind: "sealed", wireRequest });
    this.#answer({ ...answer, request } as ToClient);
  }
}
