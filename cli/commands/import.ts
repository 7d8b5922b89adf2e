/** `pushmesh import` */
import { Command, Option } from "commander";
import { countsText, HOST_NAMES, type HostName, loadMoves } from "../clone.ts";
import { dataDirOf } from "../context.ts";
import { withData, withExamples } from "../options.ts";
import { outputFor } from "../output.ts";
import { interruption } from "../signals.ts";

interface ImportOptions {
  readonly dataDir?: string;
  readonly from: string;
  readonly host: HostName;
  readonly json?: boolean;
}

export function importData(env: NodeJS.ProcessEnv): Command {
  const command = withData(new Command("import"))
    .description(
      "create the data folder of a mesh from an export; the folder must be new or empty; needs @pushmesh/mesh or a clone",
    )
    .requiredOption("--from <file>", "what pushmesh export wrote")
    .addOption(
      new Option("--host <name>", "the host that will run it")
        .choices(HOST_NAMES)
        .makeOptionMandatory(),
    )
    .action(async ({ dataDir, from, host, json }: ImportOptions) => {
      const moves = await loadMoves();
      const signal = interruption();
      const made = await moves.import({ data: dataDirOf(dataDir, env), from, host, signal });
      const output = outputFor(json === true);
      output.result(made, `${made.data}  ${countsText(made)}`);
      output.note(`Start it with npx pushmesh serve --host ${host} --data-dir ${made.data}`);
    });
  return withExamples(
    command,
    "pushmesh import --from mesh.ndjson --host deno",
    "pushmesh import --from mesh.ndjson --host workerd --data-dir /var/lib/pushmesh",
  );
}
