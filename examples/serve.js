/**
 * Serves the pages of one example, with the SDK as it was installed: a bundler would put both into one file.
 *
 *     PUSHMESH_URL=… PUSHMESH_APP=… node serve.js live
 */
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";

const { PUSHMESH_URL: url, PUSHMESH_APP: appId, PORT = "3000" } = process.env;
const folder = new URL(`${process.argv[2]}/`, import.meta.url);
const TYPES = { html: "text/html", js: "text/javascript" };

/** The SDK is where its package says; of the example, only plain names. */
function fileOf(path) {
  const [, sdk] = /^\/sdk\/([\w.-]+\.js)$/.exec(path) ?? [];
  if (sdk !== undefined) return new URL(sdk, import.meta.resolve("pushmesh/device"));
  const [, name] = /^\/([\w-]+\.(?:html|js))$/.exec(path === "/" ? "/index.html" : path) ?? [];
  return name && new URL(name, folder);
}

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, "http://localhost");
  if (pathname === "/config") return response.end(JSON.stringify({ url, appId }));
  const file = fileOf(pathname);
  if (file === undefined || !existsSync(file)) return response.writeHead(404).end();
  response.setHeader("content-type", TYPES[file.pathname.split(".").at(-1)]);
  response.end(readFileSync(file));
});
server.listen(Number(PORT), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
