/** The declarations of the installed client, by every kind of resolution that can find them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { shared } from "../mesh/support/shared-mesh.ts";
import { ROOT } from "../support/host.ts";
import { NODE, newProject, runIn, write } from "./support/project.ts";

const TSC = join(ROOT, "node_modules/typescript/bin/tsc");

/** Nothing of a browser. */
const SERVER = `
import { MeshAdmin, PushServer, type SendAnswerBody, type TagQuery } from "pushmesh/server";
import { webPushEncryption } from "pushmesh/encryption";
import { listenLive, type LiveMessage } from "pushmesh/live";
import { connect } from "pushmesh/device";

const mesh = { url: "https://push.example.com", keyId: "a.k1", key: "secret" };
const server = new PushServer(mesh);
const answer: SendAnswerBody = await server.send({ to: "regId", data: { hello: "world" } });
const status: "delivered" | "queued" | "sent" | "expired" | "recalled" | "collapsed" | "overflowed" | "unregistered" | "filtered" =
  answer.status;
const query: TagQuery = { prefix: "news/", sort: "members" };
for await (const { tag, members } of server.tags.list(query)) tag.slice(members);
const { keys } = await new MeshAdmin({ url: mesh.url, token: "t" }).app("a");
const scopes: readonly ("send" | "manage" | "read" | "grant")[] | undefined = keys[0]?.scopes;
await server.broadcast({ to: { condition: { any: [{ tag: "a" }, { not: { tag: "b" } }] } }, data: "x" });
const push = await connect({ url: mesh.url, appId: "a", encryption: webPushEncryption() });
push.onMessage(async ({ id, data }) => void [id, data, status, scopes]);
const typed = await connect<{ title: string }>({ url: mesh.url, appId: "a" });
for await (const { data } of typed.messages()) data.title.trim();
const dispose: () => Promise<void> = typed[Symbol.asyncDispose];
await dispose();
listenLive({ url: mesh.url, appId: "a", tag: "t", onMessage: (message: LiveMessage) => void message.id }).close();
`;
const WRONG = `${SERVER}
await server.send({ to: "regId", data: 1 });
const wrong: "nonsense" = answer.status;
(await typed.once()).data.titel;
`;

const STRICT = {
  target: "ES2022",
  lib: ["ES2022"],
  types: [],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  // The declarations themselves are checked as well.
  skipLibCheck: false,
  noEmit: true,
};
/** As a server has it: with the types of Node alone. */
const NODE_TYPES = {
  ...STRICT,
  types: ["node"],
  typeRoots: [join(ROOT, "node_modules/@types")],
};
const DOM = { ...STRICT, lib: ["ES2022", "DOM", "DOM.Iterable"] };

const project = shared(async (atEnd) => newProject(["client"], atEnd));

async function compile(name: string, text: string, compilerOptions: object): Promise<string> {
  write(project(), {
    [name]: text,
    "tsconfig.json": JSON.stringify({ compilerOptions, files: [name] }),
  });
  const { stdout } = await runIn(project(), NODE, [TSC, "-p", "."]);
  return stdout;
}

describe.each([
  ["nodenext with Node's types", "user.mts", { ...NODE_TYPES, module: "nodenext" }],
  ["nodenext without any types", "user.mts", { ...STRICT, module: "nodenext", skipLibCheck: true }],
  ["nodenext with the DOM", "user.mts", { ...DOM, module: "nodenext" }],
  [
    "bundler with Node's types",
    "user.ts",
    { ...NODE_TYPES, module: "esnext", moduleResolution: "bundler" },
  ],
  ["bundler with the DOM", "user.ts", { ...DOM, module: "preserve", moduleResolution: "bundler" }],
])("%s", (_, name, options) => {
  test("C2 a strict project compiles, and a mistake is found", async () => {
    expect(await compile(name, SERVER, options)).toBe("");
    const errors = await compile(name, WRONG, options);
    expect(errors).toContain("TS2769");
    expect(errors).toContain("TS2322");
    expect(errors).toContain("'titel'");
  });
});

test("C2 a MessagePort is a port of a client and of a service", async () => {
  const text = `
import { openClient, type PushService, memoryStorage, defaultHost } from "pushmesh/device";
declare const service: PushService;
const { port1: port, port2 } = new MessageChannel();
service.serve(port2);
await openClient({ appId: "a", port, storage: memoryStorage(), host: defaultHost() });
`;
  expect(await compile("ports.mts", text, { ...DOM, module: "nodenext" })).toBe("");
});

test("C2 CommonJS of nodenext requires it", async () => {
  const text = `import { PushServer } from "pushmesh/server";\nexport const server: PushServer | undefined = undefined;\n`;
  expect(await compile("user.cts", text, { ...NODE_TYPES, module: "nodenext" })).toBe("");
});

test("C1 what zod infers is written out: equal to the sources, type by type", async () => {
  const names = [
    ...readFileSync(
      join(project(), "node_modules/pushmesh/dist/types/schema/http.d.ts"),
      "utf8",
    ).matchAll(/^export (?:type|interface) (\w+)/gm),
  ].map(([, name]) => name);
  expect(names.length).toBeGreaterThan(20);
  const lines = names.map((name) => `same<Equal<Built.${name}, Source.${name}>>(true); // ${name}`);
  const text = `
import type * as Built from "./node_modules/pushmesh/dist/types/schema/http.js";
import type * as Source from "${join(ROOT, "schema/http.ts")}";
type Equal<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
declare function same<T extends true>(_: T): void;
${lines.join("\n")}
same<Equal<Built.SendAnswerBody, { readonly id: string }>>(true);
`;
  const options = {
    ...DOM,
    lib: ["ES2024", "DOM"],
    module: "nodenext",
    skipLibCheck: true,
    allowImportingTsExtensions: true,
  };
  const errors = (await compile("equal.mts", text, options)).trim().split("\n");
  // The last line is there to be found.
  expect(errors.filter((line) => line.includes("error"))).toEqual([
    expect.stringContaining(`equal.mts(${text.split("\n").length - 1},`),
  ]);
});
