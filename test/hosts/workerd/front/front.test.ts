/** The front of workerd on a real port, with a clock of the test's own. */
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { proxiesOf } from "../../../../hosts/machine/proxies.ts";
import { Front } from "../../../../hosts/workerd/front/front.ts";
import { until } from "../../../chaos/wait.ts";
import { KEYRING } from "../../support/keyring.ts";

const PATIENCE_MS = 30_000;

test("P8.4 what the front of workerd refuses is one line a minute in the log, with a count of each kind", async () => {
  let now = 0;
  const lines: string[] = [];
  const front = new Front({
    hostname: "127.0.0.1",
    // Nothing listens there: workerd is asked nothing.
    path: join(import.meta.dirname, "no.sock"),
    capacity: 100,
    keyring: KEYRING,
    isRegistered: () => false,
    proxies: proxiesOf([]),
    log: (line) => lines.push(line),
    now: () => now,
  });
  onTestFinished(() => front.kill());
  const port = await front.open(0);
  const ask = async (bytes: string): Promise<void> => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.on("error", () => {});
    socket.end(bytes);
    socket.resume();
    await once(socket, "close");
  };
  for (let i = 0; i < 3; i++) await ask("GET / HTTP/1.1\r\n\r\n");
  await ask("BREW / HTTP/1.1\r\nHost: mesh\r\n\r\n");
  expect(lines).toEqual([]);
  now += 60_000;
  await until("the line", () => lines.length > 0, PATIENCE_MS);
  expect(lines).toEqual(["refused in the last minute: request_malformed 3, method_not_allowed 1"]);
});
