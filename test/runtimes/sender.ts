/** The app's server of the scenario, and the server of its web page. */
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { transformSync } from "esbuild";
import { onTestFinished } from "vitest";
import { PushServer, PushServerError } from "../../sdk/server/mod.ts";
import type { DemoFile } from "../mesh/support/mesh.ts";
import { ROOT } from "../mesh/support/process.ts";

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const HTML = '<!doctype html><title>device</title><script type="module" src="/page.js"></script>';

const typeScript = (name: string): string => {
  const source = readFileSync(join(ROOT, "test/runtimes", name), "utf8");
  return transformSync(source, { loader: "ts" }).code;
};

/** A page, and the scripts it imports, those of the SDK from a folder. */
const pages = (sdk: string): Readonly<Record<string, { type: string; body: () => string }>> => ({
  "/": { type: "text/html", body: () => HTML },
  "/page.js": { type: "text/javascript", body: () => typeScript("page.ts") },
  "/scenario.js": { type: "text/javascript", body: () => typeScript("scenario.ts") },
  "/sdk.js": script(join(sdk, "device.js")),
  ...Object.fromEntries(
    readdirSync(sdk)
      .filter((name) => name.endsWith(".js"))
      .map((name) => [`/${name}`, script(join(sdk, name))]),
  ),
});

const script = (path: string) => ({
  type: "text/javascript",
  body: () => readFileSync(path, "utf8"),
});

/**
 * Starts it; it ends with the test.
 *
 * @param sdk the folder of the bundles.
 * @returns its origin, where `POST /send` sends.
 */
export async function startSender({ url, keyId, secret }: DemoFile, sdk: string): Promise<string> {
  const itsPages = pages(sdk);
  const push = new PushServer({ url, keyId, key: secret });
  const server = createServer(async (request, response) => {
    if (request.url !== "/send") {
      const page = itsPages[request.url ?? ""];
      response.writeHead(page === undefined ? 404 : 200, { "content-type": page?.type ?? "" });
      response.end(page?.body());
      return;
    }
    const { message, options } = JSON.parse(await read(request));
    const answer = await push.send(message, options).catch((error: unknown) => {
      if (error instanceof PushServerError) return { code: error.code };
      throw error;
    });
    response.end(JSON.stringify(answer));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `http://127.0.0.1:${address.port}`;
}
