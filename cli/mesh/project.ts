/** The files of a project that `wrangler deploy` deploys. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { MESH_PACKAGE } from "./package.ts";
import { version } from "./version.ts";

/** The wrangler that the mesh is tested with. */
export const WRANGLER_VERSION = "4.164.0";

/** Beside the bundled command, or in the clone. */
const TEMPLATES = ["../wrangler.toml", "../../wrangler.toml"];

export interface ProjectFile {
  readonly path: string;
  readonly text: string;
  /** For its owner alone. */
  readonly isSecret?: true;
}

/**
 * @param name of the worker: Cloudflare takes lower-case letters, digits and hyphens
 */
export function projectFiles(name: string): readonly ProjectFile[] {
  return [
    { path: "wrangler.toml", text: definition(name) },
    { path: "src/index.js", text: MAIN },
    { path: "package.json", text: `${JSON.stringify(manifest(name), null, 2)}\n` },
    { path: ".gitignore", text: IGNORED },
    { path: "README.md", text: readme(name) },
    { path: "secrets.json", text: `${JSON.stringify(secrets(), null, 2)}\n`, isSecret: true },
    { path: ".dev.vars", text: devVars(), isSecret: true },
  ];
}

const MAIN = `// The edge, and the classes of the Durable Objects that wrangler.toml names.
export * from "${MESH_PACKAGE}/worker";
export { default } from "${MESH_PACKAGE}/worker";
`;

const IGNORED = `node_modules/
.wrangler/
# Secrets: of the deployment, and of wrangler dev.
secrets*.json
.dev.vars*
.env*
`;

/** That of the mesh, with a name and a main module of its own. */
function definition(name: string): string {
  const text = template();
  const own = text
    .replace(/^name = .*$/m, `name = ${JSON.stringify(name)}`)
    .replace(/^main = .*$/m, 'main = "src/index.js"');
  return `# Keep the names of the bindings and the migrations as they are: the data is stored by them. Secrets: see README.md.\n${own}`;
}

function template(): string {
  for (const path of TEMPLATES) {
    try {
      return readFileSync(new URL(path, import.meta.url), "utf8");
    } catch {
      // Try the other path.
    }
  }
  throw new Error("wrangler.toml is missing in this package");
}

const manifest = (name: string): object => ({
  name,
  private: true,
  type: "module",
  scripts: {
    dev: "wrangler dev",
    check: "wrangler deploy --dry-run",
    deploy: "wrangler deploy --secrets-file secrets.json",
    smoke: "pushmesh smoke",
  },
  dependencies: { [MESH_PACKAGE]: version() },
  devDependencies: { pushmesh: version(), wrangler: WRANGLER_VERSION },
});

/** As scripts/secrets.mjs makes them: a master key with kid 1, and an admin token. */
const secrets = (): Readonly<Record<"MESH_KEYS" | "ADMIN_TOKEN", string>> => ({
  MESH_KEYS: `1:${randomBytes(32).toString("base64url")}`,
  ADMIN_TOKEN: randomBytes(24).toString("base64url"),
});

const devVars = (): string =>
  `# Secrets of \`npm run dev\`, which are not deployed.\n${Object.entries(secrets())
    .map(([key, value]) => `${key}=${value}\n`)
    .join("")}`;

const readme = (name: string): string => `# ${name}

A push mesh on Cloudflare: \`${MESH_PACKAGE}\` ${version()}, made by \`pushmesh init\`.

## Deploy

\`\`\`sh
npm install
npx wrangler login
npm run deploy
\`\`\`

\`secrets.json\` has the secrets of this mesh, \`MESH_KEYS\` and \`ADMIN_TOKEN\`. **Cloudflare never shows them again: keep a copy in a safe place, and commit it
nowhere.** If you lose \`MESH_KEYS\`, you lose the mesh: every device must register again.

Use your own domain from the first device on, because devices keep the URL that they were given: \`npm run deploy -- --domain push.example.com\`.

Then try one of each operation, and make the first app and a key for its server:

\`\`\`sh
export PUSHMESH_URL=https://${name}.<your-account>.workers.dev
export PUSHMESH_ADMIN_TOKEN=$(node -p 'require("./secrets.json").ADMIN_TOKEN')
npx pushmesh smoke
npx pushmesh app create Shop
npx pushmesh key create --app <appId>
\`\`\`

## Develop

\`npm run dev\` runs the mesh on this machine under \`wrangler dev\`, with the secrets of \`.dev.vars\`. \`npm run check\` shows what would be deployed.
Commands that need the admin token send it there, without TLS, if you say so:

\`\`\`sh
export PUSHMESH_URL=http://127.0.0.1:8787
export PUSHMESH_ADMIN_TOKEN=$(sed -n 's/^ADMIN_TOKEN=//p' .dev.vars)
npx pushmesh smoke --insecure
\`\`\`

## Upgrade

\`\`\`sh
npm install ${MESH_PACKAGE}@latest pushmesh@latest
npm run check && npm run deploy
\`\`\`

Compare \`wrangler.toml\` with \`node_modules/${MESH_PACKAGE}/wrangler.toml\`: a new version may have a new binding or migration, which you add here.

\`wrangler.toml\` has four rate limits. The numbers of their namespaces are of your account: change them if another worker of it has the same.
`;
