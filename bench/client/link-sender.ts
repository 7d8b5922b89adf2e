/** The app server by a sender link, with the server SDK as people use it. */
import { PushServer, type ServerLink } from "../../sdk/server/mod.ts";
import type { Address } from "./http.ts";
import { pace, type Slice } from "./pace.ts";
import { type SendingKey, TEXT } from "./signed-send.ts";

export type LinkStatus = "delivered" | "queued";

export class LinkSender {
  readonly #link: ServerLink;
  readonly #targets: readonly string[];
  #next = 0;

  constructor({ host, port }: Address, { keyId, secret }: SendingKey, targets: readonly string[]) {
    this.#link = new PushServer({ url: `http://${host}:${port}`, keyId, key: secret }).link();
    this.#targets = targets;
  }

  /** @param status that each send must end with; any other fails the benchmark */
  send(inFlight: number, more: () => boolean, status: LinkStatus): Promise<Slice> {
    return pace(inFlight, more, async () => {
      const n = this.#next++;
      const to = this.#targets[n % this.#targets.length] ?? "";
      const answer = await this.#link.send({ to, data: { n, text: TEXT } });
      if (answer.status !== status) throw new Error(`wanted ${status}, got ${answer.status}`);
    });
  }
}
