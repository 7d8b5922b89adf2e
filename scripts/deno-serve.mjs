// @ts-check
/** `deno task serve`: `npm start` for who has Deno alone. It gives the mesh no permission that it does not need, and passes signals on. */
import { spawn, spawnSync } from "node:child_process";
import { constants } from "node:os";
import { HOSTS, openFiles } from "./hosts.mjs";
import { ROOT } from "./setup.mjs";

/** Deno's packages instead of those of npm. */
const PACKAGES = ["--node-modules-dir=none", "--lock=deno.lock", "--frozen"];

const args = process.argv.slice(2);
const [first = "", ...rest] = HOSTS.deno.args(args);
const entry = rest.at(-1) ?? "";
// The packages come before the mesh starts: it may get none itself, because the name of a package can carry a secret out.
const { status } = spawnSync(process.execPath, ["cache", "--quiet", ...PACKAGES, entry], {
  cwd: ROOT,
  stdio: "inherit",
});
if (status !== 0) process.exit(status ?? 1);
const child = spawn(process.execPath, [first, ...PACKAGES, "--cached-only", ...rest, ...args], {
  cwd: ROOT,
  env: { ...process.env, PUSHMESH_OPEN_FILES: openFiles() },
  stdio: "inherit",
});
const signals = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);
for (const signal of signals) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) =>
  process.exit(code ?? 128 + constants.signals[signal ?? "SIGTERM"]),
);
