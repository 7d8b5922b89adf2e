/** The files of the documentation, for worker/routes/docs.ts. */
import { readFile } from "node:fs/promises";
import { BoundedMap } from "../../schema/bounded-map.ts";
import type { DocsFiles } from "../../worker/env.ts";

/** The site has 7 MB, which are held while somebody reads. */
const HELD_BYTES = 16 * 1_024 * 1_024;
/** What is handed to a connection in one turn: as much as it writes at once. */
const SLICE_BYTES = 65_536;

/** @param folder absolute path */
export function docsIn(folder: string): DocsFiles {
  const files = new BoundedMap<string, Uint8Array>(HELD_BYTES, ({ length }) => length);
  const reading = new Map<string, Promise<Uint8Array>>();

  async function read(path: string): Promise<Uint8Array> {
    const bytes = await readFile(`${folder}${path}`);
    files.set(path, bytes);
    return bytes;
  }

  /** One file is read once, whoever asks for it meanwhile. */
  function load(path: string): Promise<Uint8Array> {
    const pending = reading.get(path) ?? read(path).finally(() => reading.delete(path));
    reading.set(path, pending);
    return pending;
  }

  return {
    async fetch(url) {
      const path = new URL(url).pathname;
      try {
        const bytes = files.touch(path) ?? (await load(path));
        return new Response(slices(bytes), { headers: { "content-length": `${bytes.length}` } });
      } catch {
        // It is not there, or is a folder.
        return new Response(null, { status: 404 });
      }
    },
  };
}

/** Every reader has the same bytes: none makes a copy of them. */
function slices(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream(
    {
      pull(controller) {
        if (at >= bytes.length) controller.close();
        else controller.enqueue(bytes.subarray(at, at + SLICE_BYTES));
        at += SLICE_BYTES;
      },
    },
    { highWaterMark: 0 },
  );
}
