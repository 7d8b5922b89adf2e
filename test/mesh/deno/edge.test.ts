/** The public socket of the Deno host: TLS, clients that are slow or many, and the end of it all. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { request } from "node:https";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { run } from "../support/command.ts";
import { device } from "../support/device.ts";
import { demoOf, serve, startMesh } from "../support/mesh.ts";
import { type Process, ROOT, start, temporaryFolder } from "../support/process.ts";
import { RawAccount, RawDevice } from "../support/raw-device.ts";

const CERT = join(ROOT, "test/mesh/deno/certificate/cert.pem");
const KEY = join(ROOT, "test/mesh/deno/certificate/key.pem");

describe("TLS", () => {
  const ca = readFileSync(CERT);

  async function startTls(data: string): Promise<string> {
    const args = ["--json", "--port", "0", "--data", data, "--tls-cert", CERT, "--tls-key", KEY];
    const mesh = serve(args);
    return JSON.parse(await mesh.stdout.match(/"ready"/)).url;
  }

  test("HTTP/1.1 and HTTP/2 are served, and nothing without TLS", async () => {
    const url = await startTls(temporaryFolder());
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);

    const call = request(`${url}/healthz`, { ca }).end();
    const [answer] = await once(call, "response");
    expect([answer.statusCode, answer.httpVersion]).toEqual([200, "1.1"]);
    answer.resume();

    const session = connectHttp2(url, { ca });
    const stream = session.request({ ":path": "/healthz" });
    const [headers] = await once(stream, "response");
    expect([headers[":status"], session.alpnProtocol]).toEqual([200, "h2"]);
    session.destroy();

    await expect(fetch(`${url.replace("https:", "http:")}/healthz`)).rejects.toThrow();
  });

  test("the command is a device and a server over it", async () => {
    const data = temporaryFolder();
    await startTls(data);
    const env = { NODE_EXTRA_CA_CERTS: CERT };
    const user = { data, home: temporaryFolder(), env };
    const listener = start(process.execPath, [join(ROOT, "bin/pushmesh.mjs"), "listen", "--json"], {
      PUSHMESH_DATA_DIR: data,
      XDG_CONFIG_HOME: user.home,
      ...env,
    });
    const { regId } = JSON.parse(await listener.stdout.match(/regId/));
    const sent = await run(user, "send", "--to", regId, "--data", "over TLS", "--json");
    expect(JSON.parse(sent.stdout)).toMatchObject({ status: "delivered" });
    expect(await listener.stdout.match(/over TLS/)).toContain("over TLS");
  });

  test.each([
    [["--tls-cert", CERT], /--tls-cert and --tls-key go together/],
    [["--tls-cert", "/no/such.pem", "--tls-key", KEY], /--tls-cert \/no\/such\.pem cannot be read/],
    [["--tls-cert", join(ROOT, "LICENSE"), "--tls-key", KEY], /the port cannot be opened: /],
  ])("the options are %j", async (options, expected) => {
    const mesh = serve(["--port", "0", "--data", temporaryFolder(), ...options]);
    expect(await mesh.exited).toBe(1);
    expect(mesh.stderr.all).toHaveLength(1);
    expect(mesh.stderr.text).toMatch(expected);
  });
});

const closed = (socket: Socket) =>
  socket.closed || new Promise((resolve) => socket.once("close", resolve));

/** Connections that send this, and then nothing more. Resolves when the system took them all. */
async function slowClients(url: string, count: number, text: string): Promise<Socket[]> {
  const { hostname, port } = new URL(url);
  const clients = Array.from({ length: count }, () => {
    const socket = connect({ host: hostname, port: Number(port) });
    socket.on("error", () => {}); // A reset is what some of them are to get.
    socket.resume(); // An end is heard of by those alone who read up to it.
    onTestFinished(() => void socket.destroy());
    return socket;
  });
  for (const socket of clients) {
    if (socket.connecting) {
      await new Promise((resolve) => socket.once("connect", resolve).once("close", resolve));
    }
    socket.write(text);
  }
  return clients;
}

describe("slow clients", () => {
  const HALF_A_HEAD = "GET /healthz HTTP/1.1\r\nHost: mesh\r\nX-Slow: ";

  /** A mesh that has 300 descriptors. */
  async function startSmall(data: string): Promise<{ mesh: Process; url: string }> {
    const args = ["--json", "--port", "0", "--data", data];
    const mesh = serve(args, ["/bin/sh", "-c", 'ulimit -n 300; exec "$@"', "sh"]);
    return { mesh, url: JSON.parse(await mesh.stdout.match(/"ready"/)).url };
  }

  test("H5 P8.5 that are more than there are descriptors neither disturb a link nor keep others out", async () => {
    const data = temporaryFolder();
    const { mesh, url } = await startSmall(data);
    const { client, regId } = await device(url, demoOf(data).appId);
    const slow = await slowClients(url, 400, HALF_A_HEAD);
    // The link goes on as if nothing was, whoever asks is answered, and a device may come back.
    expect(await client.ping()).toBeGreaterThanOrEqual(0);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    client.reconnectNow();
    expect(await client.register()).toBe(regId);
    // Those that had room are closed when their time is over.
    await Promise.all(slow.map(closed));
    expect(mesh.stderr.all).toEqual([]);
  });
});

describe("the end", () => {
  /** A request whose body never comes, and a device that answers no close: what a stop must not wait for. */
  async function hold(url: string): Promise<RawDevice> {
    const head =
      "POST /v1/devices HTTP/1.1\r\nHost: mesh\r\nContent-Length: 9\r\nContent-Type: application/json";
    await slowClients(url, 1, `${head}\r\n\r\n`);
    const silent = await RawDevice.greet(url, await new RawAccount().open(url));
    silent.socket.pause();
    return silent;
  }

  test("L7 nobody can hold up a stop", async () => {
    const mesh = await startMesh(temporaryFolder());
    await hold(mesh.url);
    const began = performance.now();
    mesh.process.kill("SIGTERM");
    expect(await mesh.process.exited).toBe(0);
    expect(mesh.process.stdout.all.at(-1)).toBe('{"event":"stopped"}');
    // Half a second for the close, one for the request; the bound allows for a busy machine.
    expect(performance.now() - began).toBeLessThan(6_000);
  });

  test("a second signal ends it at once", async () => {
    const mesh = await startMesh(temporaryFolder());
    await hold(mesh.url);
    mesh.process.kill("SIGTERM");
    await mesh.process.stdout.match(/"stopping"/);
    // One within 500 ms counts as the same signal, come twice; the stop takes 1.5 s here.
    const again = setInterval(() => mesh.process.kill("SIGTERM"), 50);
    onTestFinished(() => clearInterval(again));
    expect(await mesh.process.exited).toBe(130);
    expect(mesh.process.stdout.text).not.toContain('"stopped"');
  });
});
