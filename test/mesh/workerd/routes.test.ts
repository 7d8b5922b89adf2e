/** What the front takes a request for is what the worker takes it for, whatever the form of its path. */
import { expect, test } from "vitest";
import { readHead } from "../../../hosts/machine/net/http/head.ts";
import { isConnect, Strangers } from "../../../hosts/workerd/front/strangers.ts";
import { routesByPath } from "../../../schema/http.ts";
import { demoOf, startMesh } from "../support/mesh.ts";
import { temporaryFolder } from "../support/process.ts";
import { rawConnection } from "../support/raw-http.ts";

/** As a path may be written by whoever is up to something. */
const FORMS: readonly ((path: string) => string)[] = [
  (path) => path,
  (path) => `${path}/`,
  (path) => `${path}//`,
  (path) => `/${path}`,
  (path) => path.slice(0, -1) + encoded(path.at(-1) as string),
  (path) => path.replace("/v1", "/%76%31"),
  (path) => path.replace("/v1", "/%2576%31"),
  (path) => path.replaceAll(/[a-z]/g, encoded),
  (path) => path.replaceAll(/[a-z]/g, (char) => encoded(char).toLowerCase()),
  (path) => path.replaceAll("/", "%2f"),
  (path) => path.replaceAll("/", "\\"),
  (path) => path.replace(/\/([^/]*)$/, "%2F$1"),
  (path) => path.replace(/\/([^/]*)$/, "\\$1"),
  (path) => path.replace(/\/([^/]*)$/, "//$1"),
  (path) => path.replace(/\/([^/]*)$/, "/./$1"),
  (path) => path.replace(/\/([^/]*)$/, "/x/../$1"),
  (path) => path.replace(/\/([^/]*)$/, "/%2e/$1"),
  (path) => path.replace(/\/([^/]*)$/, "/x/%2E%2e/$1"),
  (path) => path.replace(/\/([^/]*)$/, ";/$1"),
  (path) => `/.${path}`,
  (path) => `/x/..${path}`,
  (path) => `/${path.slice(1).toUpperCase()}`,
  (path) => `${path}?`,
  (path) => `${path}?x=/v1/y&%`,
  (path) => `${path}/?x`,
  (path) => `${path}%3fx`,
  (path) => `${path}%23x`,
  (path) => `${path}%20`,
  (path) => `${path}%00`,
  (path) => `${path}%09`,
  (path) => `${path}%`,
  (path) => `${path}%ff`,
  (path) => `/%${path}`,
  (path) => `${path}.`,
  (path) => `http://other${path}`,
  (path) => `HTTP://other:8080${path}?x`,
  (path) => `http://other/${path}`,
  (path) => `http://other${path.slice(0, -1)}${encoded(path.at(-1) as string)}`,
  (path) => `http://other?${path}`,
  (path) => `http://other\\${path}`,
];

function encoded(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}

type Kind = "account" | "link" | "listener" | "other";

/** Codes by which the worker's routes say what an unsigned request was for. */
const KINDS: Readonly<Record<string, Kind>> = {
  proof_invalid: "account",
  upgrade_required: "link",
  listen_token_invalid: "listener",
};

/** What the front takes it for. @param target as the head reader gives it */
function frontKind(method: string, target: string): Kind {
  if (isConnect({ method, target })) return "link";
  const strangers = new Strangers({ capacity: 1_000, now: () => 0 });
  strangers.admit({ method, target }, "192.0.2.1");
  if (strangers.size === 0) return "other";
  return method === "POST" ? "account" : "listener";
}

/** What the worker takes them for, one after the other on one connection. */
async function workerKinds(
  url: string,
  requests: readonly { readonly method: string; readonly target: string }[],
): Promise<Kind[]> {
  const socket = await rawConnection(url);
  const kinds: Kind[] = [];
  let answers = "";
  let answered = () => {};
  socket.on("data", (bytes) => {
    answers += bytes;
    answered();
  });
  for (const { method, target } of requests) {
    const body = method === "POST" ? '{"proof":"x"}' : "";
    socket.write(
      `${method} ${target} HTTP/1.1\r\nHost: mesh\r\nAccept: text/event-stream\r\nAuthorization: Bearer x\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    while (!/\r\n\r\n[\s\S]*\}$/.test(answers))
      await new Promise<void>((done) => (answered = done));
    const code = /"code":"(\w+)"/.exec(answers)?.[1] ?? "";
    if (code === "mesh_full" || code === "overloaded")
      throw new Error(`${method} ${target}: ${code}`);
    kinds.push(KINDS[code] ?? "other");
    answers = "";
  }
  socket.destroy();
  return kinds;
}

/** As the front's reader of heads gives it; null for what it refuses. */
function readTarget(written: string): string | null {
  const head = readHead(Buffer.from(`GET ${written} HTTP/1.1\r\nHost: mesh\r\n\r\n`));
  return typeof head === "string" ? null : head.target;
}

test("P8.5 every route is to the front what it is to the worker, whatever the form of its path", async () => {
  const data = temporaryFolder();
  const { url } = await startMesh(data);
  const { appId } = demoOf(data);
  const paths = routesByPath().map(({ path }) =>
    path.replace(":appId", appId).replace(/:\w+/g, "name"),
  );
  const forms = paths.flatMap((path) => FORMS.map((form) => form(path)));
  const taken = forms.filter((form) => readTarget(form) !== null);
  const requests = ["GET", "POST"].flatMap((method) => taken.map((target) => ({ method, target })));
  const kinds = await workerKinds(url, requests);
  const told = (by: (request: (typeof requests)[number], index: number) => Kind) =>
    requests.map((request, index) => `${by(request, index)}: ${request.method} ${request.target}`);
  expect(new Set(kinds)).toEqual(new Set(["account", "link", "listener", "other"]));
  expect(told(({ method, target }) => frontKind(method, readTarget(target) as string))).toEqual(
    told((_, index) => kinds[index] as Kind),
  );
});
