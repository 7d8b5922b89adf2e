/** HTTP/2, which the Deno host serves with TLS: what its clients may hold. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type ClientHttp2Session, connect } from "node:http2";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { LIMITS } from "../../../schema/limits.ts";
import { run } from "../support/command.ts";
import { demoOf, serve } from "../support/mesh.ts";
import { ROOT, start, temporaryFolder } from "../support/process.ts";

const CERT = join(ROOT, "test/mesh/deno/certificate/cert.pem");
const KEY = join(ROOT, "test/mesh/deno/certificate/key.pem");

/** A mesh with so few descriptors that streams alone could fill it. */
async function startSmall(data: string): Promise<string> {
  const args = ["--json", "--port", "0", "--data", data, "--tls-cert", CERT, "--tls-key", KEY];
  const mesh = serve(args, ["/bin/sh", "-c", 'ulimit -n 300; exec "$@"', "sh"]);
  return JSON.parse(await mesh.stdout.match(/"ready"/)).url;
}

async function session(url: string): Promise<ClientHttp2Session> {
  const client = connect(url, { ca: readFileSync(CERT) });
  // What is shed is reset.
  client.on("error", () => {});
  onTestFinished(() => client.destroy());
  await once(client, "connect");
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

test("P8.5 event streams by HTTP/2 are bounded by connection, and give way to devices", async () => {
  const data = temporaryFolder();
  const url = await startSmall(data);
  const home = temporaryFolder();
  const env = { NODE_EXTRA_CA_CERTS: CERT };
  const device = async () => {
    const listener = start(process.execPath, [join(ROOT, "bin/pushmesh.mjs"), "listen", "--json"], {
      PUSHMESH_DATA_DIR: data,
      XDG_CONFIG_HOME: home,
      ...env,
    });
    return { listener, regId: JSON.parse(await listener.stdout.match(/regId/)).regId as string };
  };
  const first = await device();
  first.listener.kill("SIGTERM");
  await first.listener.exited;

  const opened = await run({ data, home, env }, "tag", "live", "open", "open");
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
