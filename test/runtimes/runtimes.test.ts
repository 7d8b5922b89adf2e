/** The built device SDK in every runtime it promises, against a real mesh. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { serveSocket } from "../../sdk/device/daemon/server.ts";
import { fileStorage, startService } from "../../sdk/device/node.ts";
import { demoOf } from "../mesh/support/mesh.ts";
import { ROOT, start, temporaryFolder } from "../mesh/support/process.ts";
import { sharedMesh } from "../mesh/support/shared-mesh.ts";
import { sharedChromium } from "./chromium.ts";
import type { Job } from "./main.ts";
import { startSender } from "./sender.ts";

const MAIN = join(ROOT, "test/runtimes/main.ts");
const bin = (name: string): string => join(ROOT, "node_modules/.bin", name);

/** The commands that run `main.ts` without asking for permissions. */
const RUNTIMES = [
  ["Node", bin("node"), [MAIN]],
  ["Deno", bin("deno"), ["run", "-A", "--no-prompt", MAIN]],
  ["Bun", bin("bun"), ["run", MAIN]],
] as const;

// Also what holds the SDK to its bound: this fails where it is over it.
const sdk = inject("sdk");

const mesh = sharedMesh();
const newContext = sharedChromium();

async function demoAndSender() {
  const demo = demoOf(mesh().data);
  return { demo, origin: await startSender(demo, sdk) };
}

/** A push service of the user, in this process; its socket. */
async function sharedService(url: string): Promise<string> {
  const folder = temporaryFolder();
  const path = join(folder, "service.sock");
  const service = await startService({ url, storage: fileStorage(join(folder, "device")) });
  const served = await serveSocket(service, { path, endpoints: [url], onClosed: () => {} });
  onTestFinished(async () => {
    await served.close({ code: "service_unavailable", message: "The test ends.", retry: "later" });
    service.close();
  });
  return path;
}

describe.each(RUNTIMES)("%s", (_, command, args) => {
  test.each([
    ["P1 P2 P3 P4 a device lives through a restart", false],
    ["D1 P1 P2 P3 P4 an app of a shared push service lives through a restart", true],
  ])("%s", async (_, isShared) => {
    const { demo, origin } = await demoAndSender();
    const job: Job = {
      sdk: pathToFileURL(join(sdk, "device-node.js")).href,
      url: demo.url,
      appId: demo.appId,
      sender: `${origin}/send`,
      folder: temporaryFolder(),
      ...(isShared ? { service: await sharedService(demo.url) } : {}),
    };
    const act = async (job: Job): Promise<unknown> => {
      const process = start(command, [...args, JSON.stringify(job)]);
      expect(await process.exited, process.stderr.text).toBe(0);
      return JSON.parse(process.stdout.all.at(-1) ?? "null");
    };
    const handover = (await act(job)) as Exclude<Job["handover"], undefined>;
    expect(handover.queuedIds).toHaveLength(5);
    expect(await act({ ...job, handover })).toEqual({});
  });
});

describe("Chromium", () => {
  test("P1 P2 P3 P4 a device lives through a reload of its page", async () => {
    const { demo, origin } = await demoAndSender();
    const page = await (await newContext()).newPage();
    const act = (name: "firstAct" | "secondAct", handover: unknown): Promise<unknown> => {
      const args = [name, demo.url, demo.appId, handover].map((arg) => JSON.stringify(arg));
      // As text: a function would be this file's, with this runner's own imports in it.
      return page.evaluate(`act(${args.join()})`);
    };
    await page.goto(origin);
    const handover = await act("firstAct", null);
    await page.reload();
    await act("secondAct", handover);

    const key = await page.evaluate(async () => {
      const request = indexedDB.open("pushmesh");
      await new Promise((resolve) => {
        request.onsuccess = resolve;
      });
      const store = request.result.transaction("values").objectStore("values");
      const read = store.get("device/key");
      await new Promise((resolve) => {
        read.onsuccess = resolve;
      });
      const { privateKey } = read.result as CryptoKeyPair;
      return { extractable: privateKey.extractable, type: privateKey.type };
    });
    expect(key, "the private key that the page keeps").toEqual({
      extractable: false,
      type: "private",
    });
  });

  test("W1 P1.9 two pages that start at once are one device with one link", async () => {
    const { demo, origin } = await demoAndSender();
    const context = await newContext();
    const pages = await Promise.all([context.newPage(), context.newPage()]);
    /** Who asked for an account: the key and the identifiers of each proof. */
    const devices = new Set<string>();
    context.on("request", (request) => {
      if (!request.url().endsWith("/v1/devices") || request.method() !== "POST") return;
      const { proof } = request.postDataJSON() as { proof: string };
      const [header, claims] = proof.split(".", 2).map((part) => {
        return JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>;
      });
      devices.add(JSON.stringify([header?.["jwk"], claims?.["ids"]]));
    });
    await Promise.all(pages.map((page) => page.goto(origin)));
    const options = JSON.stringify({ url: demo.url, appId: demo.appId });
    let links = 0;
    for (const page of pages)
      page.on("websocket", () => {
        links++;
      });
    const script = `import("/sdk.js").then(async ({ connect }) => {
      const push = await connect(${options});
      return push.register();
    })`;
    const regIds = await Promise.all(pages.map((page) => page.evaluate(script)));
    expect(new Set(regIds).size).toBe(1);
    expect(links).toBe(1);
    expect([...devices]).toHaveLength(1);
  });

  test("P1.9 a storage whose connection was lost is opened once more, and then says so", async () => {
    const { origin } = await demoAndSender();
    const page = await (await newContext()).newPage();
    await page.goto(origin);
    const script = `import("/sdk.js").then(async ({ indexedDbStorage }) => {
      const storage = indexedDbStorage("lost");
      await storage.set("a", "before");
      const { transaction } = IDBDatabase.prototype;
      let failures = 1;
      // As WebKit does: the connection is gone, and no event has said so.
      IDBDatabase.prototype.transaction = function (...args) {
        if (failures-- > 0) throw new DOMException("The connection was lost", "InvalidStateError");
        return transaction.apply(this, args);
      };
      const read = await storage.get("a");
      failures = 1;
      await storage.set("a", "after");
      failures = 1;
      const added = await storage.add("a", "too late");
      failures = Infinity;
      const error = await storage.get("a").catch(({ name }) => name);
      return { read, added, error };
    })`;
    expect(await page.evaluate(script)).toEqual({
      read: "before",
      added: "after",
      error: "InvalidStateError",
    });
  });
});
