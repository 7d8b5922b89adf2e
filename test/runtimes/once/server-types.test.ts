/** The declarations of the SDKs, as a server's TypeScript project sees them: Node's types, and none of a browser's. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, inject, test } from "vitest";
import { ROOT } from "../../support/host.ts";

const TSC = join(ROOT, "node_modules/typescript/bin/tsc");
const types = join(inject("sdk"), "../types/sdk");

const SOURCE = `
import { webcrypto } from "node:crypto";
import { createSigningKey, MeshAdmin, PushServer } from "pushmesh/server";
import { connect, fileStorage } from "pushmesh/device/node";
import { listenLive } from "pushmesh/live";

interface Order { id: number; items: string[]; note?: string }
declare const order: Order;
declare const cryptoKey: webcrypto.CryptoKey;
declare const jwk: webcrypto.JsonWebKey;
const mesh = { url: "https://push.example.com", keyId: "a.k1" };
const server = new PushServer({ ...mesh, key: "secret" });
await server.send({ to: "regId", data: order });
await server.send({ to: "regId", json: '{"price":1.50}' });
await server.send({ to: "regId", data: Buffer.from("bytes") });
await server.broadcast({ to: { tag: "news" }, data: order });
const { privateKey, publicKey } = await createSigningKey();
for (const key of [privateKey, cryptoKey, jwk]) new PushServer({ ...mesh, key });
await new MeshAdmin({ url: mesh.url, token: "t" }).createKey("a", { algorithm: "ed25519", publicKey });
const push = await connect({ url: mesh.url, appId: "a", storage: fileStorage("folder") });
push.onMessage((message) => console.log(message.id));
listenLive({ url: mesh.url, appId: "a", tag: "news", onMessage: () => {} }).close();
`;

test("a server's project of ES2022 and @types/node alone compiles, with interfaces as data", () => {
  const folder = join(types, "../../user");
  mkdirSync(folder);
  const compilerOptions = {
    lib: ["ES2022"],
    target: "ES2022",
    module: "NodeNext",
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    types: ["node"],
    paths: {
      "pushmesh/server": [join(types, "server/mod.d.ts")],
      "pushmesh/device/node": [join(types, "device/node.d.ts")],
      "pushmesh/live": [join(types, "device/live/mod.d.ts")],
    },
  };
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ compilerOptions, files: ["user.ts"] }),
  );
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  const compile = (source: string): string => {
    writeFileSync(join(folder, "user.ts"), source);
    try {
      return execFileSync(process.execPath, [TSC, "-p", folder], { encoding: "utf8" });
    } catch (error) {
      return (error as { stdout: string }).stdout;
    }
  };
  expect(compile(SOURCE)).toBe("");
  // It is the compiler that was asked.
  expect(compile(`${SOURCE}\nawait server.send({ to: "regId", data: 1 });`)).toMatch(/TS2769/);
});
