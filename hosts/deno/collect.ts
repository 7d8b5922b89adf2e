/** V8's garbage collector, for a process that no longer allocates and so would not be collected. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * Returns a function that collects all garbage. It blocks for about 15 ms, longer if more is alive: call it only when nobody waits.
 */
export function collector(): () => void {
  // The global appears only in contexts created after the flag, so not in the mesh's own.
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  return typeof collect === "function" ? () => void collect() : () => {};
}
