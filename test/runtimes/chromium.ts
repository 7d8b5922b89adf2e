/** Chromium for a test. */
import { type Browser, chromium } from "playwright-core";
import { onTestFinished } from "vitest";
import { findChromium } from "../../scripts/chromium.mjs";

/** Starts it; it ends with the test. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error("no Chromium on PATH: install it");
  const browser = await chromium.launch({
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
  onTestFinished(() => browser.close());
  return browser;
}
