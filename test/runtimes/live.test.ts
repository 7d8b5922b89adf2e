/** Live listeners in a real web page: the SDK's, and an EventSource with nothing around it. */
import { expect, inject, test } from "vitest";
import { broadcast, liveUrl, setLive } from "../mesh/support/listener.ts";
import { demoOf } from "../mesh/support/mesh.ts";
import { sharedMesh } from "../mesh/support/shared-mesh.ts";
import { sharedChromium } from "./chromium.ts";
import { startSender } from "./sender.ts";

const TAG = "page/ü";

const sdk = inject("sdk");
const meshOf = sharedMesh();
const newContext = sharedChromium();

/** Fills `heard` of the page; `begin` is the script that listens. */
const script = (begin: string): string => `
  globalThis.heard = [];
  globalThis.hears = (count) => new Promise((resolve) => {
    const look = () => (heard.length >= count ? resolve(heard) : setTimeout(look, 20));
    look();
  });
  ${begin}`;

async function hearIn(begin: (url: string, appId: string, publicKey: string) => string) {
  const mesh = meshOf();
  const demo = demoOf(mesh.data);
  await setLive(mesh.url, demo, TAG, "open");
  const key = await fetch(`${mesh.url}/v1/apps/${demo.appId}/live-key`);
  const { publicKey } = (await key.json()) as { publicKey: string };
  const page = await (await newContext()).newPage();
  // Of another origin than the mesh.
  await page.goto(await startSender(demo, sdk));
  await page.evaluate(script(begin(mesh.url, demo.appId, publicKey)));
  for (const text of ["one", "two"]) await broadcast(mesh.url, demo, { tag: TAG }, { text });
  return (await page.evaluate("hears(2)")) as unknown[];
}

test("V1 V4 the SDK's listener in Chromium hears and verifies", async () => {
  const heard = await hearIn(
    (url, appId, publicKey) => `
      import("/live.js").then(({ listenLive }) => new Promise((listening) => {
        listenLive({
          url: ${JSON.stringify(url)}, appId: ${JSON.stringify(appId)}, tag: ${JSON.stringify(TAG)},
          publicKey: ${JSON.stringify(publicKey)},
          onMessage: ({ data }) => heard.push(data.text),
          onState: ({ name }) => name === "listening" && listening(),
        });
      }))`,
  );
  expect(heard).toEqual(["one", "two"]);
});

test("V1 an EventSource in Chromium hears", async () => {
  const heard = await hearIn(
    (url, appId) => `
      new Promise((listening) => {
        const source = new EventSource(${JSON.stringify(liveUrl(url, { appId }, TAG))});
        source.onmessage = ({ data, lastEventId }) => heard.push([lastEventId, JSON.parse(data).data.text]);
        source.addEventListener("presence", listening);
      }).then(() => {})`,
  );
  const [[first, one], second] = heard as [[string, string], [string, string]];
  expect([one, second]).toEqual(["one", [`${Number(first) + 1}`, "two"]]);
});
