/**
 * Builds the documentation as static pages: the guides of docs/, the reference of the SDKs, and that of the HTTPS API. Fails if a link between
 * them leads nowhere.
 *
 *     node scripts/build/docs.ts [FOLDER in place of dist/docs]
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { LinkChecker } from "linkinator";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SITE = join(ROOT, "docs/site");
const OUT = resolve(ROOT, process.argv[2] ?? "dist/docs");
const API = join(OUT, "openapi.html");

/** Runs the first command of a package. @param from a folder that has it in its node_modules, or above */
function run(from: string, name: string, args: readonly string[]): void {
  const manifest = createRequire(join(from, "package.json")).resolve(`${name}/package.json`);
  const { bin } = createRequire(manifest)(manifest) as { bin: string | Record<string, string> };
  const file = typeof bin === "string" ? bin : Object.values(bin)[0];
  execFileSync(process.execPath, [join(dirname(manifest), file ?? ""), ...args], {
    cwd: ROOT,
    stdio: ["ignore", "ignore", "inherit"],
  });
}

/** The way from a page to the root, which TypeDoc does not write into the links of its header. */
const TO_ROOT = "%ROOT%";

/** A page may run nothing but files of the site: see worker/routes/docs.ts. */
const INLINE_SCRIPT = /<script( type="module")?>([\s\S]*?)<\/script>/g;

/** Of these servers, Redoc shows its logo, and tells its makers what a reader does. In their place: nothing. */
const FOREIGN: readonly (readonly [url: string, instead: string])[] = [
  [
    "https://cdn.redoc.ly/redoc/logo-mini-full.svg",
    "data:image/svg+xml,%3Csvg%20xmlns=%22http://www.w3.org/2000/svg%22%20width=%221%22%20height=%221%22/%3E",
  ],
  ["https://otel.cloud.redocly.com/v1/traces", "data:,"],
];
/** Browsers ask for a favicon at the root, where the mesh has its API. */
const NO_ICON = '<link rel="icon" href="data:,"></head>';

/** Makes a page need nothing but the site: its scripts become files, which pages share. @param name of the page */
function closePage(name: string): void {
  const page = readFileSync(join(OUT, name), "utf8").replace("</head>", NO_ICON);
  const text = FOREIGN.reduce((own, [url, instead]) => own.replaceAll(url, instead), page);
  const up = "../".repeat(name.split("/").length - 1);
  const moved = text.replace(INLINE_SCRIPT, (_, type = "", script: string) => {
    const hash = createHash("sha256").update(script).digest("hex").slice(0, 16);
    const file = `assets/${hash}.js`;
    writeFileSync(join(OUT, file), script);
    return `<script${type} src="${up}${file}"></script>`;
  });
  writeFileSync(join(OUT, name), moved);
}

function pages(): string[] {
  const names = readdirSync(OUT, { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".html"));
}

async function checkLinks(): Promise<void> {
  const { links } = await new LinkChecker().check({
    path: pages(),
    serverRoot: OUT,
    checkFragments: true,
    // The network is nobody's to promise.
    linksToSkip: ["^https?://(?!localhost|127)"],
  });
  const broken = links.filter(({ state }) => state === "BROKEN");
  for (const { url, parent = "" } of broken) console.error(`${parent}: ${url} leads nowhere`);
  console.log(`${relative(ROOT, OUT)}: ${links.length} links, ${broken.length} broken`);
  if (broken.length > 0 || links.length < pages().length) process.exitCode = 1;
}

run(SITE, "typedoc", [
  ...["--options", join(SITE, "typedoc.json"), "--out", OUT],
  ...["--logLevel", "Warn", "--treatWarningsAsErrors"],
]);
for (const name of pages()) {
  const text = readFileSync(join(OUT, name), "utf8");
  const up = relative(dirname(name), "");
  writeFileSync(join(OUT, name), text.replaceAll(TO_ROOT, up === "" ? "" : `${up}/`));
}
// Its own links are those of an application.
writeFileSync(API, "");
await checkLinks();
run(ROOT, "@redocly/cli", ["build-docs", "docs/openapi.json", "--inlineBundle", "--output", API]);
for (const name of pages()) closePage(name);
