/** Chromium for the tests of a file. */
import { type BrowserContext, chromium } from "playwright-core";
import { onTestFinished } from "vitest";
import { findChromium } from "../../scripts/chromium.mjs";
import { shared } from "../mesh/support/shared-mesh.ts";

/** Starts it for a file. Returns what gives a test a profile of its own, which ends with the test. */
export function sharedChromium(): () => Promise<BrowserContext> {
  const browser = shared(async (atEnd) => {
    const executablePath = findChromium();
    if (executablePath === undefined) throw new Error("no Chromium on PATH: install it");
    const launched = await chromium.launch({
      executablePath,
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
    return context;
  };
}
