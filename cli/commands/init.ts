/** `pushmesh init` */
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { usageFailure } from "../failure.ts";
import { makeFolder } from "../files/private-file.ts";
import { projectFiles } from "../mesh/project.ts";
import { withExamples } from "../options.ts";
import { outputFor } from "../output.ts";

/** Cloudflare's bound for the name of a worker. */
const NAME_MAX = 63;
const NAME = /^[a-z0-9][a-z0-9-]*$/;

function workerName(text: string): string {
  if (NAME.test(text) && text.length <= NAME_MAX) return text;
  throw new InvalidArgumentError(
    `Give lower-case letters, digits and hyphens, at most ${NAME_MAX}.`,
  );
}

/** A name made of that of a folder. */
function nameOf(folder: string): string {
  const text = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, NAME_MAX);
  return NAME.test(text) ? text : "pushmesh";
}

interface InitOptions {
  readonly name?: string;
  readonly json?: boolean;
}

export function init(): Command {
  const command = new Command("init")
    .description("make a project that wrangler deploy deploys to Cloudflare; calls no mesh")
    .argument("[folder]", "new or empty (default: the working folder)", ".")
    .option("--name <name>", "name of the worker (default: that of the folder)", workerName)
    .option("--json", "print one JSON object per line")
    .action((to: string, { name, json }: InitOptions) => {
      const folder = resolve(to);
      const found = existsSync(folder) ? readdirSync(folder) : [];
      // A repository that was cloned empty, or made before.
      if (found.some((entry) => entry !== ".git"))
        throw usageFailure(`${folder} is not empty: name a new folder, or an empty one`);
      makeFolder(folder);
      const worker = name ?? nameOf(folder);
      const files = projectFiles(worker);
      for (const { path, text, isSecret } of files) {
        const file = join(folder, path);
        makeFolder(dirname(file));
        writeFileSync(file, text, { flag: "wx", mode: isSecret ? 0o600 : 0o666 });
      }
      const output = outputFor(json === true);
      const paths = files.map(({ path }) => path);
      output.result(
        { folder, name: worker, files: paths },
        `made ${worker} in ${folder}: ${paths.join(", ")}`,
      );
      const here = relative(process.cwd(), folder);
      const enter = here === "" ? "" : `cd ${JSON.stringify(here)} && `;
      output.note(`Deploy it: ${enter}npm install && npx wrangler login && npm run deploy`);
      output.note("Keep a copy of secrets.json in a safe place: without it, the mesh is lost.");
    });
  return withExamples(command, "pushmesh init my-mesh", "pushmesh init --name push");
}
