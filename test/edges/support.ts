/** Two edges over one set of objects, as on Cloudflare: two isolates with caches of their own, in real workerd processes. */
import { build } from "esbuild";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { readDefinition } from "../../hosts/workerd/config.ts";
import { MeshAdmin, PushServer } from "../../sdk/server/mod.ts";
import { read } from "../architecture/imports.ts";

const KEY = `1:${"A".repeat(42)}E`;
const ADMIN_TOKEN = "admin-token-of-two-edges";

let bundle: Promise<string> | undefined;

/** Made once a file: under load it takes longer than what is tested. */
const bundled = (): Promise<string> => {
  bundle ??= makeBundle();
  return bundle;
};

async function makeBundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: ["worker/index.ts"],
    absWorkingDir: new URL("../..", import.meta.url).pathname,
    bundle: true,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    write: false,
  });
  return outputFiles[0]?.text ?? "";
}

/** One edge: what an app server or a device of its place would use. */
export interface Edge {
  readonly url: string;
  readonly admin: MeshAdmin;
  /** An app's server that is near this edge. */
  server(key: { readonly keyId: string; readonly secret?: string }): PushServer;
}

export interface Edges {
  readonly one: Edge;
  readonly two: Edge;
  /** Deploys both with other keys, on the same data: their processes and addresses are others then. */
  rekey(keys: readonly [one: string, two: string]): Promise<Edges>;
}

/**
 * Starts both. The objects are in the first one's worker.
 *
 * @param keys `MESH_KEYS` of each; the objects have those of the first
 * @param onTestFinished of the test that they end with; tests of one file run side by side.
 */
export async function startEdges(
  onTestFinished: (act: () => Promise<void>) => void,
  keys: readonly [one: string, two: string] = [KEY, KEY],
): Promise<Edges> {
  const { objects, compatibilityDate } = readDefinition(read("wrangler.toml"));
  const script = await bundled();
  const edge = (name: string, meshKeys: string, scriptName?: string) => ({
    name,
    modules: [{ type: "ESModule" as const, path: "worker.js", contents: script }],
    compatibilityDate,
    bindings: { MESH_KEYS: meshKeys, ADMIN_TOKEN },
    durableObjects: Object.fromEntries(
      objects.map(({ binding, className }) => [
        binding,
        { className, useSQLite: true, ...(scriptName === undefined ? {} : { scriptName }) },
      ]),
    ),
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
  });
  const options = ([one, two]: typeof keys) =>
    convertV4MiniflareOptions({
      log: new Log(LogLevel.ERROR),
      workers: [edge("one", one), edge("two", two, "one")],
    });
  const mesh = new Miniflare(options(keys));
  onTestFinished(() => mesh.dispose());
  const at = async (name: string): Promise<Edge> => {
    const url = (await mesh.unsafeGetDirectURL(name)).origin;
    return {
      url,
      admin: new MeshAdmin({ url, token: ADMIN_TOKEN }),
      server: ({ keyId, secret = "" }) => new PushServer({ url, keyId, key: secret, attempts: 1 }),
    };
  };
  const edges = async (): Promise<Edges> => {
    await mesh.ready;
    return {
      one: await at("one"),
      two: await at("two"),
      async rekey(others) {
        await mesh.setOptions(options(others));
        return edges();
      },
    };
  };
  return edges();
}
