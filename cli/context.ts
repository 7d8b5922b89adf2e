/** Which mesh, app and key a command uses. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { noOrigin, originOf } from "../sdk/origin.ts";
import { usageFailure } from "./failure.ts";
import { savedKeyOf } from "./files/credentials.ts";
import { type Demo, readDemo } from "./files/demo-file.ts";
import { findDemo, isSameMesh } from "./files/local-meshes.ts";
import { type Output, outputFor } from "./output.ts";

/** The options that every command takes. */
export interface CommonOptions {
  readonly url?: string;
  readonly dataDir?: string;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

/** The options of a command that acts for an app. */
export interface AppOptions extends CommonOptions {
  readonly app?: string;
}

/** The options of a command that signs. */
export interface KeyOptions extends AppOptions {
  readonly keyId?: string;
  readonly key?: string;
}

export interface Context {
  /** Origin of the mesh. */
  readonly url: string;
  readonly output: Output;
  /** The demo app, if `npm start` ran the mesh here. */
  readonly demo: Demo | undefined;
  /** Where the data folder would be. */
  readonly dataDir: string;
}

/** `npm start` creates its data folder in the clone, whatever the working directory of the command. */
const CLONE = fileURLToPath(new URL("..", import.meta.url));
const DATA_DIR = ".pushmesh";

/** The data folder that the caller named, if any; an empty variable names none. */
const namedFolder = (option: string | undefined, env: NodeJS.ProcessEnv): string | undefined =>
  option ?? (env["PUSHMESH_DATA_DIR"] || undefined);

/** Where the data folder is, or would be. */
export function dataDirOf(option: string | undefined, env: NodeJS.ProcessEnv): string {
  const named = namedFolder(option, env);
  if (named !== undefined) return resolve(named);
  const here = resolve(DATA_DIR);
  const inClone = join(CLONE, DATA_DIR);
  return !existsSync(here) && existsSync(inClone) ? inClone : here;
}

function meshOrigin(url: string): string {
  const origin = originOf(url);
  if (origin === undefined) throw usageFailure(`--${noOrigin(url)}`);
  return origin;
}

/** @throws CliFailure if no mesh is named, and none was started here. */
export function contextOf(options: CommonOptions, env: NodeJS.ProcessEnv): Context {
  const dataDir = dataDirOf(options.dataDir, env);
  const named = options.url ?? env["PUSHMESH_URL"];
  const wanted = named === undefined ? undefined : meshOrigin(named);
  const isNamed = namedFolder(options.dataDir, env) !== undefined;
  const demo = demoOf(dataDir, wanted, isNamed, env);
  const url = wanted ?? demo?.url;
  if (url === undefined)
    throw usageFailure(
      `no mesh is named: give --url, or run npx pushmesh serve (looked in ${dataDir})`,
    );
  const origin = meshOrigin(url);
  if (options.verbose === true) {
    const from = wanted === undefined ? "the data folder of a mesh here" : sourceOf(options);
    sayMesh(origin, from, options.json === true);
  }
  return { url: origin, dataDir, demo, output: outputFor(options.json === true) };
}

const sourceOf = ({ url }: CommonOptions): string =>
  url === undefined ? "$PUSHMESH_URL" : "--url";

/** On stderr: whoever reads results reads stdout. */
function sayMesh(mesh: string, from: string, json: boolean): void {
  const text = json ? JSON.stringify({ mesh, from }) : `mesh ${mesh} (from ${from})`;
  process.stderr.write(`${text}\n`);
}

/** The demo app of the wanted mesh: from the data folder, or else from another folder that a mesh was started with. */
function demoOf(
  dataDir: string,
  wanted: string | undefined,
  onlyThere: boolean,
  env: NodeJS.ProcessEnv,
): Demo | undefined {
  const there = readDemo(join(dataDir, "demo.json"));
  if (there !== undefined && (wanted === undefined || isSameMesh(there.url, wanted))) return there;
  return onlyThere ? undefined : findDemo(env, wanted);
}

/** @throws CliFailure if no app is named. */
export function appOf({ demo }: Context, options: AppOptions, env: NodeJS.ProcessEnv): string {
  const app = options.app ?? env["PUSHMESH_APP"] ?? demo?.app?.appId;
  if (app === undefined) throw usageFailure("no app is named: give --app or set PUSHMESH_APP");
  return app;
}

/** The app that a key ID, `<appId>.k<n>`, belongs to. */
export function appOfKey(keyId: string): string {
  const [appId, number] = keyId.split(".");
  if (!appId || number === undefined) throw usageFailure(`${keyId} is no key ID: <appId>.k<n>`);
  return appId;
}

interface NamedKey {
  readonly keyId: string;
  readonly key: string;
}

/** @throws CliFailure if there is no key to sign with. */
export function sendingKeyOf(
  context: Context,
  options: KeyOptions,
  env: NodeJS.ProcessEnv,
): NamedKey {
  const keyId = options.keyId ?? env["PUSHMESH_KEY_ID"];
  const key = options.key ?? env["PUSHMESH_KEY"];
  if (keyId !== undefined && key !== undefined) return { keyId, key };
  if (key !== undefined) throw usageFailure("a key needs its ID: give --key-id or PUSHMESH_KEY_ID");
  const app = keyId === undefined ? appOf(context, options, env) : appOfKey(keyId);
  const known = savedKey(context, app, keyId, env);
  if (known === undefined)
    throw usageFailure(
      `no key of app ${app} is saved for ${context.url}: give --key-id and --key, or make one with pushmesh key create`,
    );
  return known;
}

/** The app's key, from the environment or saved; undefined if there is none. */
export function keyAtHand(
  context: Context,
  app: string,
  env: NodeJS.ProcessEnv,
): NamedKey | undefined {
  const keyId = env["PUSHMESH_KEY_ID"];
  const key = env["PUSHMESH_KEY"];
  const isOfApp = keyId !== undefined && appOfKey(keyId) === app;
  if (isOfApp && key !== undefined) return { keyId, key };
  return savedKey(context, app, isOfApp ? keyId : undefined, env);
}

function savedKey(
  { url, demo }: Context,
  app: string,
  keyId: string | undefined,
  env: NodeJS.ProcessEnv,
): NamedKey | undefined {
  const known = [savedKeyOf(env, url, app), ...(demo?.app?.appId === app ? [demo.app] : [])].find(
    (saved) => saved !== undefined && (keyId === undefined || saved.keyId === keyId),
  );
  return known && { keyId: known.keyId, key: known.secret };
}
