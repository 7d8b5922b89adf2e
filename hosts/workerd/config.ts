/**
 * Generates the configuration of workerd from wrangler.toml, so that Cloudflare and workerd run the same definition. workerd does not
 * read TOML and does not support every field of wrangler; fields that it cannot honor are refused here.
 */
import { parse } from "smol-toml";
import * as z from "zod";
import { HostFailure } from "../machine/failure.ts";

/** Secrets that this host passes from secrets.json to the worker. */
export const SECRETS = ["MESH_KEYS", "ADMIN_TOKEN"] as const;

/** The fields of wrangler.toml that this host honors, or can ignore without changing the mesh. */
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
  /** Secrets that the worker needs: others than `SECRETS` are refused. */
  secrets: z.strictObject({ required: z.array(z.enum(SECRETS)).default([]) }).optional(),
  // Ignored: these concern only Cloudflare, or deployments under another name. Without the platform's rate limits, those of the worker
  // still apply.
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

/** The definition of the worker in wrangler.toml. */
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
 * @param toml its text
 * @throws {HostFailure} naming each unknown or wrong field
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

/** How a process of workerd runs the worker. */
interface Deployment {
  /** Path of the bundle, an ES module, relative to the configuration's folder, as `embed` requires. */
  readonly bundle: string;
  /** Folder of the objects' databases, absolute. */
  readonly storage: string;
  /** Folder of the built documentation, absolute: the binding DOCS. Default: none. */
  readonly docs?: string | null;
  /** Address of the socket for requests: `host:port`, or `unix:` and a path; null for none. */
  readonly address: string | null;
  /** Path of the control socket. */
  readonly control: string;
  /** Bindings in addition to those of wrangler.toml. */
  readonly vars: Readonly<Record<string, string>>;
  /** Bindings whose values workerd reads from environment variables of the same name, for secrets. */
  readonly fromEnvironment: readonly string[];
  /** Addresses that the worker may connect to, for webhooks: names of workerd. Default: none. */
  readonly network?: readonly ("private" | "public")[];
}

/** Quotes text for Cap'n Proto. */
function quoted(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for.
  if (/[\u0000-\u001f]/.test(text))
    throw new HostFailure(`control character in ${JSON.stringify(text)}`);
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

const list = (items: readonly string[]): string => `[\n    ${items.join(",\n    ")}\n  ]`;

/**
 * The key of a class, which names the folder of its objects' databases. It depends only on the class name, so that a mesh keeps its data
 * when the worker is renamed.
 */
export const uniqueKeyOf = (className: string): string => `pushmesh-${className}`;

/** The database of a class's alarms, in the folder of its objects. */
export const ALARMS_FILE = "metadata.sqlite";

/** The configuration in Cap'n Proto's text format, without secrets. */
export function workerdConfig(definition: WorkerDefinition, deployment: Deployment): string {
  const vars = Object.entries({ ...definition.vars, ...deployment.vars });
  const { docs = null, network = [] } = deployment;
  const bindings = [
    ...definition.objects.map(
      ({ binding, className }) =>
        `(name = ${quoted(binding)}, durableObjectNamespace = ${quoted(className)})`,
    ),
    ...vars.map(([name, value]) => `(name = ${quoted(name)}, text = ${quoted(value)})`),
    ...deployment.fromEnvironment.map(
      (name) => `(name = ${quoted(name)}, fromEnvironment = ${quoted(name)})`,
    ),
    ...(docs === null ? [] : ['(name = "DOCS", service = "docs")']),
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
  const services = [
    '(name = "main", worker = .main)',
    `(name = "storage", disk = (path = ${quoted(deployment.storage)}, writable = true))`,
    `(name = "internet", network = (allow = [${network.map(quoted).join(", ")}], tlsOptions = (trustBrowserCas = true)))`,
    ...(docs === null ? [] : [`(name = "docs", disk = (path = ${quoted(docs)}))`]),
  ];
  // `= .main` with a space, because `=.` is one token. The service "internet" replaces workerd's default one, which allows all public addresses:
  // the mesh makes no outgoing calls but webhooks. workerd compares the address that it connects to, whatever its name was.
  return `# Made by hosts/workerd/config.ts from wrangler.toml; changes are lost at the next start.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = ${list(services)},
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
