// @ts-check
/** `deno task serve`: `npm start` for who has Deno alone. It gives the mesh no permission that it does not need, and passes signals on. */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { HOSTS, openFiles } from "./hosts.mjs";
import { ROOT } from "./setup.mjs";

/** Deno's packages instead of those of npm. */
const PACKAGES = ["--node-modules-dir=none", "--lock=deno.lock", "--frozen"];

const args = process.argv.slice(2);
const [first = "", ...rest] = HOSTS.deno.args(args);
const child = spawn(process.execPath, [first, ...PACKAGES, ...rest, ...args], {
  cwd: ROOT,
  env: { ...process.env, PUSHMESH_OPEN_FILES: openFiles() },
  stdio: "inherit",
});
const signals = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);
for (const signal of signals) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) =>
  process.exit(code ?? 128 + constants.signals[signal ?? "SIGTERM"]),
);
