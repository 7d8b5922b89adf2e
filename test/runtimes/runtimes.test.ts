/** The built device SDK in every runtime it promises, against a real mesh. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { demoOf, startMesh } from "../mesh/support/mesh.ts";
import { ROOT, start, temporaryFolder } from "../mesh/support/process.ts";
import { launchChromium } from "./chromium.ts";
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

beforeAll(() => {
  // Also what holds the SDK to its bound: this fails where it is over it.
  execFileSync(bin("node"), [join(ROOT, "scripts/build-sdk.ts")], { cwd: ROOT });
});

async function meshAndSender() {
  const data = temporaryFolder();
  await startMesh(data);
  const demo = demoOf(data);
  return { demo, origin: await startSender(demo) };
}

describe.each(RUNTIMES)("%s", (_, command, args) => {
  test("P1 P2 P3 P4 a device lives through a restart", async () => {
    const { demo, origin } = await meshAndSender();
    const job: Job = {
      sdk: pathToFileURL(join(ROOT, "dist/sdk/device-node.js")).href,
      url: demo.url,
      appId: demo.appId,
      sender: `${origin}/send`,
      folder: temporaryFolder(),
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
    const { demo, origin } = await meshAndSender();
    const browser = await launchChromium();
    const page = await browser.newPage();
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
});
