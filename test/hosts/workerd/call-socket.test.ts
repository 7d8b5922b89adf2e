/** How the supervisor asks its workerd. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import http, { type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { callSocket } from "../../../hosts/workerd/call-socket.ts";

/** A server at a Unix socket that answers when it is told to. */
async function silentServer() {
  const folder = mkdtempSync(join(tmpdir(), "pushmesh-call-"));
  const socketPath = join(folder, "sock");
  const server = http.createServer().listen(socketPath);
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });
  const asked = once(server, "request") as Promise<[unknown, ServerResponse]>;
  return { socketPath, asked };
}

test("H6 a workerd that takes its time to answer is waited for", async () => {
  const { globalAgent } = http;
  onTestFinished(() => {
    http.globalAgent = globalAgent;
  });
  // In place of its 5 s.
  http.globalAgent = new http.Agent({ timeout: 10 });
  const { socketPath, asked } = await silentServer();
  const outcome = callSocket({ socketPath, path: "/healthz" }).then(
    () => "answered",
    (error: Error) => error.message,
  );
  const [, response] = await asked;
  // A later request by that agent has run out of its time meanwhile.
  const other = http.get({ socketPath: (await silentServer()).socketPath }).on("error", () => {});
  await once(other, "timeout");
  response.end("ok");
  expect(await outcome).toBe("answered");
});

test("what has a bound of its own is given up then, in one line", async () => {
  const { socketPath } = await silentServer();
  await expect(callSocket({ socketPath, path: "/", timeout: 10 })).rejects.toThrow(
    "the mesh did not answer in time",
  );
});
