/** The public socket of the Deno host: TLS, and the end of it all. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { request } from "node:https";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { LIMITS } from "../../../schema/limits.ts";
import { run } from "../support/command.ts";
import { serve, startMesh } from "../support/mesh.ts";
import { ROOT, start, temporaryFolder } from "../support/process.ts";
import { RawAccount, RawDevice } from "../support/raw-device.ts";
import { closed, slowClients } from "../support/slow-clients.ts";

const CERT = join(ROOT, "test/mesh/deno/certificate/cert.pem");
const KEY = join(ROOT, "test/mesh/deno/certificate/key.pem");

describe("TLS", () => {
  const ca = readFileSync(CERT);

  async function startTls(data: string, before: readonly string[] = []): Promise<string> {
    const args = [
      "--json",
      "--port",
      "0",
      "--data-dir",
      data,
      "--tls-cert",
      CERT,
      "--tls-key",
      KEY,
    ];
    const mesh = serve(args, before);
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

  test("P8.5 handshakes that never end, more than there are descriptors, keep nobody out", async () => {
    const few = ["/bin/sh", "-c", 'ulimit -n 300; exec "$@"', "sh"];
    const url = await startTls(temporaryFolder(), few);
    const status = async () => {
      const call = request(`${url}/healthz`, { ca, agent: false }).end();
      const [answer] = await once(call, "response");
      answer.resume();
      return answer.statusCode;
    };
    // The beginning of a ClientHello; and again once those had their time.
    for (let i = 0; i < 2; i++) {
      const slow = await slowClients(url, 400, "\x16\x03\x01\x02\x00\x01\x00");
      expect(await status()).toBe(200);
      await Promise.all(slow.map(closed));
      expect(await status()).toBe(200);
    }
  });

  test.each([
    [["--tls-cert", CERT], /--tls-cert and --tls-key go together/],
    [["--tls-cert", "/no/such.pem", "--tls-key", KEY], /--tls-cert \/no\/such\.pem cannot be read/],
    [["--tls-cert", join(ROOT, "LICENSE"), "--tls-key", KEY], /the port cannot be opened: /],
  ])("the options are %j", async (options, expected) => {
    const mesh = serve(["--port", "0", "--data-dir", temporaryFolder(), ...options]);
    expect(await mesh.exited).toBe(1);
    expect(mesh.stderr.all).toHaveLength(1);
    expect(mesh.stderr.text).toMatch(expected);
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
    // Half a second for the close and one for the request. Whoever could hold it up would do so for as long as a body may take.
    expect(performance.now() - began).toBeLessThan(LIMITS.BODY_TIMEOUT_MS / 2);
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
