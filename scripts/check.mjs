// @ts-check
/** `npm run check`: everything about the sources that can be told without running them. */
import { runChecks } from "./checks.mjs";
import { main, setup } from "./setup.mjs";

await main(async () => {
  setup();
  return (await runChecks()) === 0 ? 0 : 1;
});
