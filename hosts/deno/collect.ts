/** The collector of V8, asked for what it would not do by itself for a process that no longer allocates. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * A function that collects all garbage at once: about 15 ms, and more where more is alive. Not for a time when anybody
 * waits.
 */
export function collector(): () => void {
  // A global of this name appears only in contexts made after the flag; that of the mesh itself stays without it.
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  return typeof collect === "function" ? () => void collect() : () => {};
}
