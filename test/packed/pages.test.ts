/** The installed client in Chromium: from an import map, in a service worker, and as Vite builds it for React. */
import { once } from "node:events";
import { readFileSync, statSync, symlinkSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { build } from "vite";
import { expect, test } from "vitest";
import { shared } from "../mesh/support/shared-mesh.ts";
import { sharedChromium } from "../runtimes/chromium.ts";
import { ROOT } from "../support/host.ts";
import { newProject, write } from "./support/project.ts";

const IMPORTS = {
  "pushmesh/device": "/node_modules/pushmesh/dist/sdk/device.js",
  "pushmesh/live": "/node_modules/pushmesh/dist/sdk/live.js",
  "pushmesh/encryption": "/node_modules/pushmesh/dist/sdk/encryption.js",
};

const PLAIN = `<!doctype html><title>plain</title>
<script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script>
<script type="module">
  import { connect } from "pushmesh/device";
  import { listenLive } from "pushmesh/live";
  import { webPushEncryption } from "pushmesh/encryption";
  document.title = [connect, listenLive, webPushEncryption].map((each) => typeof each).join(" ");
</script>`;

/** A worker has no import map. */
const WORKER = `import { connect, memoryStorage } from "/node_modules/pushmesh/dist/sdk/device.js";
import { listenLive } from "/node_modules/pushmesh/dist/sdk/live.js";
addEventListener("message", ({ source }) => {
  source.postMessage([connect, memoryStorage, listenLive].map((each) => typeof each).join(" "));
});
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
`;

/** Without a network, a call ends with an error of the SDK: that it runs, not only loads. */
const REACT = `import { useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { connect, PushError } from "pushmesh/device";

function Push() {
  const [said, say] = useState("");
  useEffect(() => {
    connect({ url: "https://push.example.com/path", appId: "a" }).then(
      () => say("connected"),
      (error) => say(error instanceof PushError ? error.code : String(error)),
    );
  }, []);
  return <output>{said}</output>;
}
createRoot(document.getElementById("root")).render(<Push />);
`;

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
};

interface Site {
  readonly folder: string;
  readonly origin: string;
}

const site = shared(async (atEnd): Promise<Site> => {
  const folder = newProject(["client"], atEnd);
  write(folder, {
    "plain.html": PLAIN,
    "worker.js": WORKER,
    "index.html": '<div id="root"></div><script type="module" src="/main.jsx"></script>',
    "main.jsx": REACT,
  });
  // Of the user as well, and not of the clone.
  for (const name of ["react", "react-dom", "scheduler"])
    symlinkSync(join(ROOT, "node_modules", name), join(folder, "node_modules", name));
  const server = createServer((request, response) => {
    const path = join(folder, new URL(request.url ?? "", "http://localhost").pathname);
    if (!statSync(path, { throwIfNoEntry: false })?.isFile())
      return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "application/octet-stream" });
    response.end(readFileSync(path));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  atEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  return { folder, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
});
const newContext = sharedChromium();

test("C2 a page without a bundler imports it by an import map", async () => {
  const page = await (await newContext()).newPage();
  await page.goto(`${site().origin}/plain.html`);
  await expect.poll(() => page.title()).toBe("function function function");
});

test("C2 a service worker imports it", async () => {
  const page = await (await newContext()).newPage();
  await page.goto(`${site().origin}/plain.html`);
  const said = await page.evaluate(`(async () => {
    const registration = await navigator.serviceWorker.register("/worker.js", { type: "module" });
    const { active } = await navigator.serviceWorker.ready;
    const answer = new Promise((done) => {
      navigator.serviceWorker.onmessage = ({ data }) => done(data);
    });
    active.postMessage("what is there?");
    return answer;
  })()`);
  expect(said).toBe("function function function");
});

test("C2 Vite builds a page of React with it, which runs", async () => {
  const { folder, origin } = site();
  await build({
    root: folder,
    base: "/built/",
    logLevel: "error",
    build: { outDir: join(folder, "built") },
  });
  const page = await (await newContext()).newPage();
  await page.goto(`${origin}/built/index.html`);
  await expect.poll(() => page.locator("output").textContent()).toBe("option_invalid");
});
