/**
 * What the supervisor may ask of its mesh. Served on a Unix socket in the data folder, which only the
 * mesh's own user can open; the public socket leads elsewhere.
 */
import { WorkerEntrypoint } from "cloudflare:workers";
import { links } from "../../../objects/links.ts";
import type { WorkersEnv } from "../../../worker/workers-env.ts";

/** Drains under way at one time. Each may have to wake its object, at about 800/s on this kind of machine. */
const CONCURRENT_COUNT = 64;

export class Control extends WorkerEntrypoint<WorkersEnv> {
  /**
   * `POST /drain?ms=4000`: closes the links of this process with `going_away`, for at most that long.
   * Answers `{"drained": n, "left": n}`.
   */
  override async fetch(request: Request): Promise<Response> {
    const url = new URL(request.url);
    if (request.method !== "POST" || url.pathname !== "/drain")
      return new Response(null, { status: 404 });
    const until = Date.now() + Number(url.searchParams.get("ms") ?? 0);
    const drained = await this.#drain(until);
    return Response.json({ drained, left: links.size });
  }

  async #drain(until: number): Promise<number> {
    // A copy: devices that reconnect meanwhile are not chased.
    const names = [...links.names()];
    let drained = 0;
    const work = async () => {
      for (let name = names.pop(); name !== undefined; name = names.pop()) {
        if (Date.now() >= until) return;
        try {
          await this.env.DEVICES.getByName(name).drain();
          drained += 1;
        } catch (error) {
          // Its socket ends with the process; the others still get their close.
          console.error(`device ${name} was not drained: ${error}`);
        }
      }
    };
    await Promise.all(Array.from({ length: CONCURRENT_COUNT }, work));
    return drained;
  }
}
