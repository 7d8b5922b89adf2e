/** An app server's end of webhooks: it checks signatures with the library of Standard Webhooks, and answers as a test says. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import { onTestFinished } from "vitest";
import type { WebhookEventBody, WebhookPayloadBody } from "../../../../schema/http.ts";
import type { AtEnd } from "../../support/process.ts";

/** A request that came. */
export interface Received {
  readonly id: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly path: string;
}

/** Answers a request, or does not. */
export type Answer = (response: ServerResponse, received: Received) => void;

export const accept: Answer = (response) => void response.writeHead(204).end();

export class Receiver {
  readonly received: Received[] = [];
  readonly url: string;
  answer: Answer = accept;
  readonly #server: ReturnType<typeof createServer>;

  private constructor(server: ReturnType<typeof createServer>) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    server.on("request", (request, response) => void this.#take(request, response));
  }

  static async open(atEnd: AtEnd = onTestFinished, port = 0): Promise<Receiver> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    const receiver = new Receiver(server);
    atEnd(() => receiver.close());
    return receiver;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** All events that came, each as often as it did; every request must be signed with the secret. */
  events(secret: string): readonly WebhookEventBody[] {
    return this.received.flatMap((received) => verified(received, secret).data);
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    const headers = request.headers as Record<string, string>;
    const id = headers["webhook-id"] ?? "";
    const received = { id, headers, body, path: request.url ?? "" };
    this.received.push(received);
    this.answer(response, received);
  }
}

/** @throws if the request is not signed with the secret */
export const verified = ({ body, headers }: Received, secret: string): WebhookPayloadBody =>
  new Webhook(secret).verify(body, { ...headers }) as WebhookPayloadBody;
