/** `pushmesh serve` */
import { Command } from "commander";
import { HOST_NAMES } from "../clone.ts";
import { serveMesh } from "../mesh/serve.ts";
import { wholeNumber, withExamples } from "../options.ts";

const PORT = "--port <n>";

/** Those of `npm start`: see hosts/machine/options.ts, which checks their values. */
const OPTIONS: readonly (readonly [flags: string, description: string])[] = [
  [
    "--host <name>",
    `what runs the mesh: ${HOST_NAMES.join(" or ")} (default: the data folder's host, or deno)`,
  ],
  [PORT, "port to listen on; 0 chooses a free port (default: 8787)"],
  ["--listen <address>", "address to listen on; 0.0.0.0 for all (default: 127.0.0.1)"],
  ["--data-dir <dir>", "data folder (default: .pushmesh)"],
  ["--tls-cert <file>", "certificate chain, PEM: HTTPS and wss instead of HTTP and ws"],
  ["--tls-key <file>", "private key of the certificate, PEM"],
  [
    "--docs <dir>",
    "built documentation, served at /docs (default: in a clone, what npm run docs built)",
  ],
  ["--trust-proxy <CIDR,...>", "trusted proxies, which set X-Forwarded-For or Forwarded"],
  [
    "--webhooks <what>",
    "where the mesh may send webhooks: off, public, or private too (default: off)",
  ],
  ["--json", "print one JSON object per line instead of text"],
];

export function serve(): Command {
  const command = new Command("serve").description(
    "run the mesh on this machine, from a clone, an installed @pushmesh/mesh, or npm",
  );
  for (const [flags, description] of OPTIONS) {
    if (flags === PORT) command.option(flags, description, wholeNumber(0, 65_535));
    else command.option(flags, description);
  }
  command.action(async (options: Readonly<Record<string, string | number | true>>) => {
    const args = command.options.flatMap((option) => {
      const value = options[option.attributeName()];
      if (value === undefined) return [];
      return value === true ? [`${option.long}`] : [`${option.long}`, `${value}`];
    });
    const note = (text: string): void => {
      process.stderr.write(`pushmesh: ${text}\n`);
    };
    process.exitCode = await serveMesh(args, command.opts(), note);
  });
  return withExamples(
    command,
    "pushmesh serve",
    "pushmesh serve --listen 0.0.0.0 --port 8787 --data-dir /var/lib/pushmesh",
  );
}
