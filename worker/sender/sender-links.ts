/** The sender links of a process or isolate: how many there may be, and what all of them may have under way. */
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { SenderHost } from "./host.ts";
import type { SenderSession } from "./session.ts";

/** What the places of a link count for. */
export interface SenderPlace {
  readonly app: string;
  /** Null if the host cannot tell. */
  readonly network: string | null;
}

/** How often a drain looks whether all links have closed. */
const DRAIN_LOOK_MS = 20;

export class SenderLinks {
  readonly host: SenderHost;
  readonly #sessions = new Set<SenderSession>();
  readonly #places = new Map<string, number>();
  #size = 0;
  #moreBytes = 0;
  #isDraining = false;

  constructor(host: SenderHost) {
    this.host = host;
  }

  /** Number of links. */
  get size(): number {
    return this.#size;
  }

  /**
   * Takes a place for one more link.
   *
   * @returns gives it back
   * @throws MeshError `mesh_full`, `too_many_requests`
   */
  take({ app, network }: SenderPlace): () => void {
    if (this.#isDraining) throw new MeshError("overloaded", "this mesh is about to end");
    if (this.#size >= LIMITS.SENDER_LINKS)
      throw new MeshError("mesh_full", `at most ${LIMITS.SENDER_LINKS} sender links`);
    const counted: [kind: "app" | "network", name: string, most: number][] = [
      ["app", app, LIMITS.SENDER_LINKS_APP],
    ];
    if (network !== null) counted.push(["network", network, LIMITS.SENDER_LINKS_NETWORK]);
    for (const [kind, name, most] of counted) {
      if ((this.#places.get(`${kind} ${name}`) ?? 0) < most) continue;
      const detail = `at most ${most} sender links of one ${kind}`;
      throw new MeshError("too_many_requests", detail, { retryAfterMs: LIMITS.RECONNECT_BASE_MS });
    }
    const count = (by: number) => {
      this.#size += by;
      for (const [kind, name] of counted) {
        const key = `${kind} ${name}`;
        const left = (this.#places.get(key) ?? 0) + by;
        if (left === 0) this.#places.delete(key);
        else this.#places.set(key, left);
      }
    };
    count(1);
    let isTaken = true;
    return () => {
      if (isTaken) count(-1);
      isTaken = false;
    };
  }

  add(session: SenderSession): void {
    this.#sessions.add(session);
  }

  /** @param moreBytes what the link had been given by `more` */
  remove(session: SenderSession, moreBytes: number): void {
    if (this.#sessions.delete(session)) this.#moreBytes -= moreBytes;
  }

  /** Whether a link may have so many more bytes under way. */
  more(bytes: number): boolean {
    if (this.#moreBytes + bytes > LIMITS.SENDER_ALL_BYTES) return false;
    this.#moreBytes += bytes;
    return true;
  }

  /**
   * Opens no more links, asks the senders to go elsewhere, and closes each link once its results are out.
   *
   * @param ms time for all of them
   */
  async drain(ms: number): Promise<void> {
    this.#isDraining = true;
    for (const session of this.#sessions) session.drain();
    const until = performance.now() + ms;
    while (this.#sessions.size > 0 && performance.now() < until)
      await new Promise((resolve) => setTimeout(resolve, DRAIN_LOOK_MS));
    for (const session of [...this.#sessions]) session.close("going_away", "");
  }
}
