/** A connection that speaks HTTP/2: its bytes go to a server of Deno's own, by way of a Unix socket, and back. */
import type { Entry } from "../../machine/net/admission.ts";
import type { Conn } from "./transport.ts";

const READ_BYTES = 16_384;

/** @param idleMs without a byte in either direction until it ends */
export async function tunnel(
  conn: Conn,
  path: string,
  entry: Entry,
  { idleMs, destroy }: { readonly idleMs: number; readonly destroy: () => void },
): Promise<void> {
  let inner: Deno.UnixConn;
  try {
    inner = await Deno.connect({ transport: "unix", path });
  } catch {
    destroy();
    return;
  }
  entry.become("idle");
  const heard = () => entry.expireIn(idleMs, destroy);
  heard();
  const end = () => {
    try {
      inner.close();
    } catch {
      // It is closed.
    }
    destroy();
  };
  await Promise.allSettled(
    [copy(conn, inner, heard), copy(inner, conn, heard)].map((each) => each.finally(end)),
  );
}

async function copy(from: Conn, to: Conn, heard: () => void): Promise<void> {
  const buffer = new Uint8Array(READ_BYTES);
  for (;;) {
    const count = await from.read(buffer);
    if (count === null) return;
    heard();
    for (let at = 0; at < count; ) at += await to.write(buffer.subarray(at, count));
  }
}
