/** HTTP/2, which the Deno host serves with TLS: what its clients may hold. */
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { type ClientHttp2Session, connect } from "node:http2";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { LIMITS } from "../../../schema/limits.ts";
import { run } from "../support/command.ts";
import { demoOf, serve } from "../support/mesh.ts";
import { ROOT, start, temporaryFolder } from "../support/process.ts";

const CERT = join(ROOT, "test/mesh/deno/certificate/cert.pem");
const KEY = join(ROOT, "test/mesh/deno/certificate/key.pem");

const DESCRIPTORS = 300;

/** A mesh with so few descriptors that streams alone could fill it. */
async function startSmall(data: string) {
  const args = ["--json", "--port", "0", "--data-dir", data, "--tls-cert", CERT, "--tls-key", KEY];
  const mesh = serve(args, ["/bin/sh", "-c", `ulimit -n ${DESCRIPTORS}; exec "$@"`, "sh"]);
  const url: string = JSON.parse(await mesh.stdout.match(/"ready"/)).url;
  return { mesh, url };
}

/** @param localAddress where it comes from */
async function session(url: string, localAddress = "127.0.0.1"): Promise<ClientHttp2Session> {
  const ca = readFileSync(CERT);
  const { hostname: host, port } = new URL(url);
  const to = { ca, host, port: Number(port), localAddress, ALPNProtocols: ["h2"] };
  const createConnection = () => connectTls(to);
  const client = connect(url, { createConnection });
  // What is shed is reset.
  client.on("error", () => {});
  onTestFinished(() => client.destroy());
  await Promise.race([once(client, "connect"), once(client, "close")]);
  return client;
}

/** Statuses of so many event streams that are asked for at once. */
function listen(client: ClientHttp2Session, path: string, count: number): Promise<number[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const stream = client.request({ ":path": path, accept: "text/event-stream" });
      stream.on("error", () => {});
      const [headers] = await once(stream, "response");
      stream.resume();
      return Number(headers[":status"]);
    }),
  );
}

const TRUST = { NODE_EXTRA_CA_CERTS: CERT };

/** A device by the command; the one of this home, if it was one before. */
async function listenAsDevice(data: string, home: string) {
  const listener = start(process.execPath, [join(ROOT, "bin/pushmesh.mjs"), "listen", "--json"], {
    PUSHMESH_DATA_DIR: data,
    XDG_CONFIG_HOME: home,
    ...TRUST,
  });
  return { listener, regId: JSON.parse(await listener.stdout.match(/regId/)).regId as string };
}

test("P8.5 event streams by HTTP/2 are bounded by connection, and give way to devices", async () => {
  const data = temporaryFolder();
  const { url } = await startSmall(data);
  const home = temporaryFolder();
  const device = () => listenAsDevice(data, home);
  const first = await device();
  first.listener.kill("SIGTERM");
  await first.listener.exited;

  const opened = await run({ data, home, env: TRUST }, "tag", "live", "open", "open");
  expect(opened.stderr).toBe("");
  const path = `/v1/apps/${demoOf(data).appId}/tags/open/live`;
  const most = LIMITS.HTTP2_EVENT_STREAMS;
  const statuses = await listen(await session(url), path, most + 1);
  expect(statuses.toSorted()).toEqual([...Array(most).fill(200), 503]);
  // Until no network may have more, or there is no room.
  let last: number[] = [];
  do last = await listen(await session(url), path, most);
  while (last.includes(200));
  const second = await device();
  expect(second.regId).toBe(first.regId);
});

test("P8.5 H5 connections by HTTP/2 count for the descriptors that they take, and give way to devices", async () => {
  const data = temporaryFolder();
  const home = temporaryFolder();
  const { mesh, url } = await startSmall(data);
  const { listener, regId } = await listenAsDevice(data, home);
  listener.kill("SIGTERM");
  await listener.exited;

  let peak = 0;
  const hold = async (localAddress: string) => {
    for (let i = 0; i < DESCRIPTORS / 10; i++) {
      const client = await session(url, localAddress).catch(() => null);
      // Refused.
      if (client === null || client.closed) continue;
      const stream = client.request({ ":path": "/healthz" });
      stream.on("error", () => {});
      stream.resume();
      // Those that are refused are closed, and others go on.
      await new Promise((done) => {
        stream.on("close", done);
        client.on("close", done);
      });
      peak = Math.max(peak, readdirSync(`/proc/${mesh.pid}/fd`).length);
    }
  };
  await Promise.all(["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"].map(hold));
  expect(mesh.stderr.all).toEqual([]);
  expect(peak).toBeLessThan(DESCRIPTORS);
  expect((await listenAsDevice(data, home)).regId).toBe(regId);
  expect(mesh.stderr.all).toEqual([]);
});
