/** `pushmesh export` */
import { Command } from "commander";
import { countsText, loadMoves } from "../clone.ts";
import { dataDirOf } from "../context.ts";
import { withData, withExamples } from "../options.ts";
import { outputFor } from "../output.ts";
import { interruption } from "../signals.ts";

interface ExportOptions {
  readonly dataDir?: string;
  readonly to: string;
  readonly json?: boolean;
}

export function exportData(env: NodeJS.ProcessEnv): Command {
  const command = withData(new Command("export"))
    .description(
      "write all data of a stopped mesh to one file, to move it to another host; needs @pushmesh/mesh or a clone",
    )
    .requiredOption("--to <file>", "file to make; it holds the secrets, too, so keep it private")
    .action(async ({ dataDir, to, json }: ExportOptions) => {
      const moves = await loadMoves();
      const made = await moves.export({
        data: dataDirOf(dataDir, env),
        to,
        signal: interruption(),
      });
      const output = outputFor(json === true);
      output.result(made, `${made.file}  ${countsText(made)}`);
      for (const { appId, keyId } of made.lost ?? [])
        output.note(
          keyId === null
            ? `Not in the file: the live key of app ${appId}, which no mesh key opens. The other mesh makes a new one.`
            : `Not in the file: key ${keyId}, which no mesh key opens. Revoke it (pushmesh key revoke ${keyId}) and make another, or put the mesh key back and export again.`,
        );
      output.note(
        "Do not start this mesh again once devices use the other: the two would diverge.",
      );
    });
  return withExamples(
    command,
    "pushmesh export --to mesh.ndjson",
    "pushmesh export --data-dir /var/lib/pushmesh --to mesh.ndjson --json",
  );
}
