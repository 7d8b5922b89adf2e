// @ts-check
/** `npm start`: the mesh on this machine. Options: `npm start -- --help`. */
import { main, run, setup } from "./setup.mjs";

await main(async () => {
  const args = process.argv.slice(2);
  if (!args.includes("--json") && !args.includes("--help"))
    process.stdout.write("pushmesh is starting\n");
  setup();
  return run("node", ["hosts/workerd/serve.ts", ...args], { watched: true });
});
