/** The options of `npm start`. */
import { parseArgs } from "node:util";
import { WEBHOOK_TARGETS, type WebhookTargets } from "../../core/webhook/target.ts";
import { HostFailure } from "./failure.ts";
import { HOST_NAMES, type HostName, type TlsFiles } from "./host.ts";
import { proxiesOf } from "./proxies.ts";

export const HELP = `Runs the mesh on this machine.

  npm start -- [options]          in a clone
  npx pushmesh serve [options]    without one

  --host NAME      what runs the mesh: deno or workerd (default: the data folder's host, or deno)
  --port N         port to listen on; 0 chooses a free port (default 8787)
  --listen ADDR    address to listen on (default 127.0.0.1; 0.0.0.0 for all)
  --data-dir DIR   data folder (default .pushmesh)
  --tls-cert FILE  certificate chain, PEM: HTTPS and wss instead of HTTP and ws
  --tls-key FILE   private key of the certificate, PEM
  --docs DIR       built documentation, served at /docs (default: what npm run docs built)
  --trust-proxy CIDR,…  trusted proxies, which set X-Forwarded-For or Forwarded
  --webhooks WHAT  where the mesh may send webhooks: off, public, or private too (default off)
  --json           print one JSON object per line instead of text
  --help           print this text
`;

export interface ServeOptions {
  readonly port: number;
  readonly listen: string;
  readonly data: string;
  readonly tls: TlsFiles | null;
  /** Undefined for the default. */
  readonly docs: string | undefined;
  /** Addresses or CIDR blocks of trusted proxies. */
  readonly trustProxy: readonly string[];
  readonly webhooks: WebhookTargets;
  readonly json: boolean;
  readonly help: boolean;
}

/**
 * @param self the running host
 * @throws {HostFailure} naming the wrong option
 */
export function parseOptions(args: readonly string[], self: HostName): ServeOptions {
  let values: ReturnType<typeof parse>["values"];
  try {
    values = parse(args).values;
  } catch (error) {
    throw new HostFailure((error as Error).message);
  }
  const { port, listen, "data-dir": data, docs, json, help } = values;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new HostFailure(`--port ${port}: give a number from 0 to 65535`);
  requireSelf(values.host, self);
  const tls = tlsFiles(values["tls-cert"], values["tls-key"]);
  const trustProxy = blocksOf(values["trust-proxy"]);
  const webhooks = targetsIn(values.webhooks);
  return { port: Number(port), listen, data, tls, docs, trustProxy, webhooks, json, help };
}

/** scripts/start.mjs has already chosen the host by this option; here it is only checked. */
function requireSelf(host: string | undefined, self: HostName): void {
  if (host === undefined || host === self) return;
  if (HOST_NAMES.some((name) => name === host))
    throw new HostFailure(`--host ${host}: this is ${self}; npx pushmesh serve starts either`);
  throw new HostFailure(
    `--host ${host}: give ${HOST_NAMES.join(" or ")}; the address to listen on is --listen`,
  );
}

/** @throws {HostFailure} naming the entry that is neither an address nor a block */
function blocksOf(list: string | undefined): readonly string[] {
  const blocks = (list ?? "").split(",").map((each) => each.trim());
  const named = blocks.filter((each) => each !== "");
  if (list !== undefined && named.length === 0)
    throw new HostFailure("--trust-proxy: give addresses or CIDR blocks, with commas between");
  proxiesOf(named);
  return named;
}

function targetsIn(value: string): WebhookTargets {
  const targets = WEBHOOK_TARGETS.find((name) => name === value);
  if (targets !== undefined) return targets;
  throw new HostFailure(`--webhooks ${value}: give ${WEBHOOK_TARGETS.join(", ")}`);
}

function tlsFiles(cert: string | undefined, key: string | undefined): TlsFiles | null {
  if (cert === undefined && key === undefined) return null;
  if (cert === undefined || key === undefined)
    throw new HostFailure("--tls-cert and --tls-key go together");
  return { cert, key };
}

const parse = (args: readonly string[]) =>
  parseArgs({
    args: [...args],
    options: {
      host: { type: "string" },
      port: { type: "string", default: "8787" },
      listen: { type: "string", default: "127.0.0.1" },
      "data-dir": { type: "string", default: ".pushmesh" },
      "tls-cert": { type: "string" },
      "tls-key": { type: "string" },
      docs: { type: "string" },
      "trust-proxy": { type: "string" },
      webhooks: { type: "string", default: "off" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
