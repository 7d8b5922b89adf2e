/** Both SDKs in Deno, from their sources, by the import map of deno.json: `deno run sdk.ts FILE`, the file a demo.json. */
import { readFileSync } from "node:fs";
import process from "node:process";
import { connect, memoryStorage } from "pushmesh/device";
import { PushServer } from "pushmesh/server";

const demo = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8"));
const { url, appId, keyId, secret: key } = demo;
const client = await connect({ url, appId, storage: memoryStorage() });
const seen = Promise.withResolvers<unknown>();
client.onMessage(({ data }) => seen.resolve(data));
const to = await client.register();
const { status } = await new PushServer({ url, keyId, key }).send({ to, data: { from: "Deno" } });
console.log(JSON.stringify({ status, data: await seen.promise }));
await client.close();
process.exit(0);
