/** `pushmesh backup` */
import { Command } from "commander";
import { loadMoves } from "../clone.ts";
import { dataDirOf } from "../context.ts";
import { withData, withExamples } from "../options.ts";
import { outputFor } from "../output.ts";

interface BackupOptions {
  readonly dataDir?: string;
  readonly to: string;
  readonly withSecrets?: boolean;
  readonly json?: boolean;
}

export function backup(env: NodeJS.ProcessEnv): Command {
  const command = withData(new Command("backup"))
    .description(
      "copy the data of a mesh, even while it runs (host deno), as it is at one moment; needs @pushmesh/mesh or a clone",
    )
    .requiredOption(
      "--to <dir>",
      "folder to make; it holds the messages that wait, so keep it private",
    )
    .option(
      "--with-secrets",
      "copy secrets.json and demo.json too: whoever has the copy has the mesh",
    )
    .action(async ({ dataDir, to, withSecrets = false, json }: BackupOptions) => {
      const { backup: copy } = await loadMoves();
      const made = await copy({ data: dataDirOf(dataDir, env), to, withSecrets });
      const megabytes = (made.bytes / 1e6).toFixed(1);
      const output = outputFor(json === true);
      output.result(made, `${made.folder}  ${megabytes} MB in ${made.tookMs} ms`);
      const first = withSecrets ? "copy it" : "copy it, and secrets.json and demo.json,";
      if (!withSecrets)
        output.note("It has no secrets: keep a copy of secrets.json and demo.json apart from it.");
      output.note(`To restore it, ${first} to where the data folder was, and start the mesh.`);
    });
  return withExamples(
    command,
    "pushmesh backup --to backups/monday",
    "pushmesh backup --to /media/safe/monday --with-secrets",
    "pushmesh backup --data-dir /var/lib/pushmesh --to /mnt/backups/$(date +%F) --json",
  );
}
