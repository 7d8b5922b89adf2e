/** Requests of webhooks on one machine: where they lead, and what a receiver can do to the mesh. */
import { createServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer as createTcp, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { type Resolve, WebhookPost } from "../../../hosts/deno/webhook-post.ts";
import type { WebhookRequest } from "../../../objects/webhook/webhook-port.ts";

const request = (url: string, changes: Partial<WebhookRequest> = {}): WebhookRequest => ({
  ...{ url, headers: { "webhook-id": "x" }, body: "{}", timeoutMs: 5_000, maxBytes: 1_000 },
  ...changes,
});

async function receiver(listener: RequestListener): Promise<{ port: number; seen: string[] }> {
  const seen: string[] = [];
  const server = createServer((asked, answer) => {
    seen.push(`${asked.method} ${asked.headers.host} ${asked.url}`);
    listener(asked, answer);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, seen };
}

const leadsTo =
  (...addresses: string[]): Resolve =>
  (_, done) =>
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );

test("Q7 a name that leads to a private address is not connected to, whatever else it leads to", async () => {
  const { port, seen } = await receiver((_, answer) => void answer.end());
  for (const addresses of [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::ffff:127.0.0.1"], []]) {
    const post = new WebhookPost("public", leadsTo(...addresses));
    const answer = await post.post(request(`http://rebound.example:${port}/`));
    expect(answer).toMatchObject({ ok: false });
    if (!answer.ok) expect(answer.error).toMatch(/private, local or reserved|has no address/);
  }
  expect(seen).toEqual([]);
});

test("Q7 the address that was checked is the one that is connected to, and the name stays in the request", async () => {
  const { port, seen } = await receiver((_, answer) => void answer.end("ok"));
  const lookups: string[] = [];
  const resolve: Resolve = (name, done) => {
    lookups.push(name);
    done(null, [{ address: "127.0.0.1", family: 4 }]);
  };
  const post = new WebhookPost("private", resolve);
  const answer = await post.post(request(`http://name.example:${port}/a?b`));
  expect(answer).toEqual({ ok: true, status: 200, retryAfter: null, text: "ok" });
  expect(lookups).toEqual(["name.example"]);
  expect(seen).toEqual([`POST name.example:${port} /a?b`]);
});

test("Q7 a redirect is not followed", async () => {
  const inner = await receiver((_, answer) => void answer.end());
  const outer = await receiver(
    (_, answer) =>
      void answer.writeHead(307, { location: `http://127.0.0.1:${inner.port}/` }).end(),
  );
  const post = new WebhookPost("private");
  const answer = await post.post(request(`http://127.0.0.1:${outer.port}/`));
  expect(answer).toMatchObject({ ok: true, status: 307 });
  expect(inner.seen).toEqual([]);
});

test("Q8 an answer is read up to its bound, however long it is", async () => {
  const { port } = await receiver((_, answer) => {
    answer.writeHead(200);
    const more = () => {
      while (!answer.destroyed && answer.write("x".repeat(10_000)));
    };
    answer.on("drain", more).on("error", () => {});
    more();
  });
  const answer = await new WebhookPost("private").post(request(`http://127.0.0.1:${port}/`));
  expect(answer).toMatchObject({ ok: true, status: 200, text: "x".repeat(1_000) });
});

test.each([
  ["says nothing", () => {}],
  ["sends one byte of its head", (socket: Socket) => void socket.write("H")],
  [
    "drips its body",
    (socket: Socket) => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n");
      const drip = setInterval(() => socket.write("x"), 50);
      socket.on("close", () => clearInterval(drip));
    },
  ],
])("Q8 a receiver that %s takes no longer than its time", async (_, act) => {
  const server = createTcp((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => act(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/`;
  const answer = await new WebhookPost("private").post(request(url, { timeoutMs: 300 }));
  expect(answer).toEqual({ ok: false, error: "no answer within 0.3 s" });
});

test("Q8 a receiver that is not there, or breaks off, is told as such", async () => {
  const { port } = await receiver((_, answer) => void answer.destroy());
  for (const url of [`http://127.0.0.1:${port}/`, "http://127.0.0.1:1/"]) {
    const answer = await new WebhookPost("private").post(request(url));
    expect(answer).toMatchObject({ ok: false });
    if (!answer.ok) expect(answer.error).toMatch(/^no connection: /);
  }
});

test("Q8 a receiver that switches protocols has answered 101, and holds nothing", async () => {
  const closed = Promise.withResolvers<void>();
  const server = createTcp((socket) => {
    socket.on("error", () => {}).on("close", () => closed.resolve());
    socket.once("data", () =>
      socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const answer = await new WebhookPost("private").post(request(`http://127.0.0.1:${port}/`));
  expect(answer).toEqual({ ok: true, status: 101, retryAfter: null, text: "" });
  await closed.promise;
});
