/**
 * Serves the requests of the supervisor and of an import, on a Unix socket in the data folder, which only the mesh's user can open.
 */
import { WorkerEntrypoint } from "cloudflare:workers";
import { links, listeners } from "../../../objects/capacity/links.ts";
import { steadyClock } from "../../../objects/capacity/steady-clock.ts";
import { type DataLine, exportLine } from "../../../schema/export.ts";
import { type ImportEnv, importLines } from "./import.ts";

/** Concurrent drains. Each may wake an object, at about 800 a second on one machine. */
const CONCURRENT_COUNT = 64;

export class Control extends WorkerEntrypoint<ImportEnv> {
  /**
   * `POST /drain?ms=4000`: closes the links of this process with `going_away`, for at most this time. Answers
   * `{"drained": n, "left": n}`.
   *
   * `POST /import`: writes lines of an export, which are the body, to empty objects. Answers 200 when they are on disk.
   */
  override async fetch(request: Request): Promise<Response> {
    const url = new URL(request.url);
    if (request.method !== "POST") return new Response(null, { status: 404 });
    if (url.pathname === "/import") return this.#import(await request.text());
    if (url.pathname !== "/drain") return new Response(null, { status: 404 });
    const drained = await this.#drain(Number(url.searchParams.get("ms") ?? 0));
    return Response.json({ drained, left: links.size + listeners.size });
  }

  async #import(text: string): Promise<Response> {
    const lines = text.split("\n").filter((line) => line !== "");
    try {
      await importLines(
        this.env,
        lines.map((line) => exportLine.parse(JSON.parse(line)) as DataLine),
      );
    } catch (error) {
      return new Response(String(error), { status: 500 });
    }
    return new Response(null);
  }

  async #drain(ms: number): Promise<number> {
    const now = steadyClock(() => Date.now());
    const until = now() + ms;
    // A copy, so that devices which reconnect are not drained again.
    const objects = [
      ...Array.from(links.names(), (name) => [this.env.DEVICES, name] as const),
      ...Array.from(listeners.names(), (name) => [this.env.LIVE_NODES, name] as const),
    ];
    let drained = 0;
    const work = async () => {
      for (let next = objects.pop(); next !== undefined; next = objects.pop()) {
        const [namespace, name] = next;
        if (now() >= until) return;
        try {
          await namespace.getByName(name).drain();
          drained += 1;
        } catch (error) {
          // Its socket ends with the process; the others are still closed.
          console.error(`${name} was not drained: ${error}`);
        }
      }
    };
    await Promise.all(Array.from({ length: CONCURRENT_COUNT }, work));
    return drained;
  }
}
