// @ts-check
/** `npm start`: the mesh on this machine. Options: `npm start -- --help`. */
import { hostOf, openFiles } from "./hosts.mjs";
import { main, run, setup } from "./setup.mjs";

await main(async () => {
  const args = process.argv.slice(2);
  if (!args.includes("--json") && !args.includes("--help"))
    process.stdout.write("pushmesh is starting\n");
  setup();
  const host = hostOf(args);
  process.env["PUSHMESH_OPEN_FILES"] = openFiles();
  return run(host.command, [...host.args(args), ...args], { watched: true });
});
