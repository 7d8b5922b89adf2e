/**
 * The server of a chat: signs people in, grants their browsers what they may do, and broadcasts what they say.
 *
 *     PUSHMESH_URL=… PUSHMESH_APP=… PUSHMESH_KEY_ID=… PUSHMESH_KEY=… node server.js
 */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { PushServer } from "pushmesh/server";

const {
  PUSHMESH_URL: url,
  PUSHMESH_APP: appId,
  PUSHMESH_KEY_ID: keyId,
  PUSHMESH_KEY: key,
} = process.env;
const push = new PushServer({ url, keyId, key });

/** Names by session. A real server asks for a password, and keeps sessions in its database. */
const sessions = new Map();
const nameOf = ({ headers }) =>
  sessions.get(/(?:^|; )session=([^;]+)/.exec(headers.cookie ?? "")?.[1]);

async function bodyOf(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  return JSON.parse(text);
}

const routes = {
  async "POST /sign-in"(request, response) {
    const { name } = await bodyOf(request);
    if (!/^\w{1,20}$/.test(name)) return response.writeHead(400).end("a name of 1 to 20 letters");
    const session = randomUUID();
    sessions.set(session, name);
    response.writeHead(204, {
      "set-cookie": `session=${session}; HttpOnly; SameSite=Strict; Path=/`,
    });
    response.end();
  },

  /** The browser asks for a grant when it registers, and again before it is over. */
  async "POST /grant"(request, response) {
    const name = nameOf(request);
    if (name === undefined) return response.writeHead(401).end();
    const { device } = await bodyOf(request);
    const aliases = [`user/${name}`];
    response.end(await push.grant({ device, aliases, tags: [{ prefix: "room/" }] }));
  },

  async "POST /say"(request, response) {
    const from = nameOf(request);
    if (from === undefined) return response.writeHead(401).end();
    const { room, to, text } = await bodyOf(request);
    const data = { from, text };
    if (to === undefined) await push.broadcast({ to: { tag: `room/${room}` }, data });
    else await push.send({ to: { alias: `user/${to}` }, data: { ...data, isPrivate: true } });
    response.writeHead(204).end();
  },

  "GET /config"(_, response) {
    response.end(JSON.stringify({ url, appId }));
  },
};

const TYPES = { html: "text/html", js: "text/javascript" };

/** The page, and the SDK as it was installed: a bundler would put both into one file. */
function file(path) {
  if (path === "/") return new URL("public/index.html", import.meta.url);
  if (path === "/page.js") return new URL("public/page.js", import.meta.url);
  const [, name] = /^\/sdk\/([\w.-]+\.js)$/.exec(path) ?? [];
  return name && new URL(name, import.meta.resolve("pushmesh/device"));
}

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, "http://localhost");
  try {
    const route = routes[`${request.method} ${pathname}`];
    if (route !== undefined) return await route(request, response);
    const url = file(pathname);
    if (url === undefined) return response.writeHead(404).end();
    response.setHeader("content-type", TYPES[url.pathname.split(".").at(-1)]);
    response.end(readFileSync(url));
  } catch (error) {
    console.error(error);
    response.writeHead(500).end();
  }
});
server.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
