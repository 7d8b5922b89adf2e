/** The mesh in one Deno process: `deno run -A hosts/deno/main.ts PORT DATABASE`, with MESH_KEYS and ADMIN_TOKEN set. */
import { keyringOf } from "../../core/identity/keyring.ts";
import { app } from "../../worker/app.ts";
import type { Env } from "../../worker/env.ts";
import { denoLinks } from "./links.ts";
import { AppDirectoryHost, AppHost } from "./objects/apps.ts";
import { Mesh } from "./objects/mesh.ts";
import { Database } from "./store/database.ts";

const [port = "8787", path = "mesh.db"] = Deno.args;
const MESH_KEYS = Deno.env.get("MESH_KEYS") ?? "";
const keyring = keyringOf(MESH_KEYS);
if (typeof keyring === "string") throw new Error(keyring);
const db = new Database(path);
const mesh = new Mesh({ db, keyring, report: (error) => console.error(error) });
const directory = new AppDirectoryHost(db);
const env: Env = {
  DEVICES: { getByName: (name: string) => mesh.device(name) },
  APPS: { getByName: (appId: string) => new AppHost(db, appId) },
  APP_DIRECTORY: { getByName: () => directory },
  MESH_KEYS,
  ADMIN_TOKEN: Deno.env.get("ADMIN_TOKEN") ?? "",
  LINK_HOST: denoLinks(mesh),
};
const context = { waitUntil() {}, passThroughOnException() {}, props: {} };
Deno.serve({ port: Number(port), hostname: "127.0.0.1" }, (request) =>
  app.fetch(request, env, context),
);
