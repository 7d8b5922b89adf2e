/** Ports for meshes that are stopped and started again on them. */
import { once } from "node:events";
import { createServer } from "node:net";

/** Below what Linux gives to outgoing connections and to whoever asks for any port, 32,768 and above; above what services of a machine use. */
const FIRST = 10_000;
const COUNT = 20_000;
/** More than vitest has workers at a time. */
const SLICES = 8;
/** From 1; tests that run without vitest are in the first as well. */
const POOL_ID = Number(process.env["VITEST_POOL_ID"] ?? 1);

/**
 * A free port that nobody else takes while its mesh is down: the system gives it to no outgoing connection (a device that tries to
 * reach the mesh would sooner or later get the mesh's own port, and keep it), and another worker of vitest chooses among others.
 */
export async function freePort(): Promise<number> {
  const size = COUNT / SLICES;
  const slice = FIRST + (POOL_ID % SLICES) * size;
  for (;;) {
    const port = slice + Math.floor(Math.random() * size);
    const server = createServer().listen(port, "127.0.0.1");
    const free = await once(server, "listening").then(
      () => true,
      () => false,
    );
    server.close();
    if (free) return port;
  }
}
