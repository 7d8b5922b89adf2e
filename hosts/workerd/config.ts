/**
 * Writes the configuration of workerd from wrangler.toml, so that both hosts run one definition. workerd
 * does not read TOML and does not know every field of wrangler; what it cannot honour is refused here.
 */
import { parse } from "smol-toml";
import * as z from "zod";
import { HostFailure } from "../machine/failure.ts";

/** What this host reads from secrets.json, and gives the worker. */
export const SECRETS = ["MESH_KEYS", "ADMIN_TOKEN"] as const;

/** The fields of wrangler.toml that this host honours, or may leave aside without changing what the mesh does. */
const wranglerFile = z.strictObject({
  name: z.string().min(1),
  main: z.string(),
  compatibility_date: z.string(),
  compatibility_flags: z.array(z.string()).default([]),
  vars: z.record(z.string(), z.string()).default({}),
  durable_objects: z.strictObject({
    bindings: z.array(z.strictObject({ name: z.string(), class_name: z.string() })),
  }),
  migrations: z.array(
    z.strictObject({ tag: z.string(), new_sqlite_classes: z.array(z.string()).default([]) }),
  ),
  /** Secrets that the worker needs: what this host has none of is refused. */
  secrets: z.strictObject({ required: z.array(z.enum(SECRETS)).default([]) }).optional(),
  // Left aside: these speak to Cloudflare alone, or are of deployments of another name. Where the platform limits rates and
  // this host does not, the worker's own limits hold.
  account_id: z.unknown().optional(),
  dev: z.unknown().optional(),
  env: z.unknown().optional(),
  keep_vars: z.unknown().optional(),
  logpush: z.unknown().optional(),
  minify: z.unknown().optional(),
  ratelimits: z.unknown().optional(),
  route: z.unknown().optional(),
  tail_consumers: z.unknown().optional(),
  upload_source_maps: z.unknown().optional(),
  version_metadata: z.unknown().optional(),
  observability: z.unknown().optional(),
  workers_dev: z.unknown().optional(),
  preview_urls: z.unknown().optional(),
  placement: z.unknown().optional(),
  routes: z.unknown().optional(),
  limits: z.unknown().optional(),
  send_metrics: z.unknown().optional(),
});

/** What wrangler.toml says of the worker. */
export interface WorkerDefinition {
  readonly name: string;
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  readonly vars: Readonly<Record<string, string>>;
  readonly objects: readonly { readonly binding: string; readonly className: string }[];
}

/**
 * Reads wrangler.toml.
 *
 * @param toml its text.
 * @throws {HostFailure} naming each field that this host does not know, or that is wrong.
 */
export function readDefinition(toml: string): WorkerDefinition {
  const read = wranglerFile.safeParse(parse(toml));
  if (!read.success) {
    const issues = read.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
    throw new HostFailure(`wrangler.toml: ${issues.join("; ")}`);
  }
  const file = read.data;
  const sqlite = new Set(file.migrations.flatMap((migration) => migration.new_sqlite_classes));
  const objects = file.durable_objects.bindings.map(({ name, class_name }) => {
    if (!sqlite.has(class_name))
      throw new HostFailure(`wrangler.toml: ${class_name} is in no new_sqlite_classes`);
    return { binding: name, className: class_name };
  });
  return {
    name: file.name,
    compatibilityDate: file.compatibility_date,
    compatibilityFlags: file.compatibility_flags,
    vars: file.vars,
    objects,
  };
}

/** Where and how a process of workerd runs the worker. */
export interface Deployment {
  /** The bundle, an ES module: its path from the configuration's folder, as `embed` wants it. */
  readonly bundle: string;
  /** Folder of the objects' databases, absolute. */
  readonly storage: string;
  /** `host:port`, or `unix:` and a path, of the socket for requests; null for a mesh that serves nobody. */
  readonly address: string | null;
  /** Path of the control socket. */
  readonly control: string;
  /** Bindings beyond those of wrangler.toml. */
  readonly vars: Readonly<Record<string, string>>;
  /** Bindings whose value workerd takes from its environment variable of the same name: secrets. */
  readonly fromEnvironment: readonly string[];
}

/** Text in quotes, as Cap'n Proto reads it. */
function quoted(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  if (/[\u0000-\u001f]/.test(text))
    throw new HostFailure(`control character in ${JSON.stringify(text)}`);
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

const list = (items: readonly string[]): string => `[\n    ${items.join(",\n    ")}\n  ]`;

/**
 * The key of a class's objects: names the folder of their databases. It is made of the class name alone, so that the
 * data of a mesh stays readable when the worker is renamed.
 */
export const uniqueKeyOf = (className: string): string => `pushmesh-${className}`;

/** The configuration, in Cap'n Proto's text form. Holds no secret. */
export function workerdConfig(definition: WorkerDefinition, deployment: Deployment): string {
  const vars = Object.entries({ ...definition.vars, ...deployment.vars });
  const bindings = [
    ...definition.objects.map(
      ({ binding, className }) =>
        `(name = ${quoted(binding)}, durableObjectNamespace = ${quoted(className)})`,
    ),
    ...vars.map(([name, value]) => `(name = ${quoted(name)}, text = ${quoted(value)})`),
    ...deployment.fromEnvironment.map(
      (name) => `(name = ${quoted(name)}, fromEnvironment = ${quoted(name)})`,
    ),
  ];
  const namespaces = definition.objects.map(
    ({ className }) =>
      `(className = ${quoted(className)}, uniqueKey = ${quoted(uniqueKeyOf(className))}, enableSql = true)`,
  );
  const sockets = [
    `(name = "control", address = ${quoted(`unix:${deployment.control}`)}, http = (),
     service = (name = "main", entrypoint = "Control"))`,
    ...(deployment.address === null
      ? []
      : [`(name = "http", address = ${quoted(deployment.address)}, http = (), service = "main")`]),
  ];
  // `= .main` with a space: `=.` would be one token. The service "internet" stands in for the one that
  // workerd would add by itself, and leads nowhere: the mesh calls nobody.
  return `# Made by hosts/workerd/config.ts from wrangler.toml; changes are lost at the next start.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "storage", disk = (path = ${quoted(deployment.storage)}, writable = true)),
    (name = "internet", network = (allow = []))
  ],
  sockets = ${list(sockets)}
);

const main :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed ${quoted(deployment.bundle)})],
  compatibilityDate = ${quoted(definition.compatibilityDate)},
  compatibilityFlags = [${definition.compatibilityFlags.map(quoted).join(", ")}],
  bindings = ${list(bindings)},
  durableObjectNamespaces = ${list(namespaces)},
  durableObjectStorage = (localDisk = "storage")
);
`;
}
