/** Chromium for the tests of a file. */
import { type BrowserContext, chromium } from "playwright-core";
import { onTestFinished } from "vitest";
import { findChromium } from "../../scripts/chromium.mjs";
import { shared } from "../mesh/support/shared-mesh.ts";

/** Ends a wait in vain. */
const HANGS_MS = 120_000;

/** Starts it for a file. Returns what gives a test a profile of its own, which ends with the test. */
export function sharedChromium(): () => Promise<BrowserContext> {
  const browser = shared(async (atEnd) => {
    const executablePath = findChromium();
    if (executablePath === undefined) throw new Error("no Chromium on PATH: install it");
    const launched = await chromium.launch({
      executablePath,
      timeout: HANGS_MS,
      args: [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
    atEnd(() => launched.close());
    return launched;
  });
  return async () => {
    const context = await browser().newContext();
    onTestFinished(() => context.close());
    context.setDefaultTimeout(HANGS_MS);
    return context;
  };
}
