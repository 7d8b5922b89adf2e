/** How a connection by HTTP/2 stands, whose requests and event streams come beside each other. */
import { MeshError } from "../../../schema/errors.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { OVER_SHARE } from "../../machine/net/admission/address-share.ts";
import type { Entry } from "../../machine/net/admission/admission.ts";
import type { ConnectionStanding } from "../../machine/net/admission/networks.ts";

/** Event streams by HTTP/2 that one network has. */
export interface Share {
  readonly count: (by: number) => void;
  readonly isFull: () => boolean;
}

/**
 * One connection. It stands as those by HTTP/1.1 do: a signed request under way keeps it, an event stream makes it a guest's, and whoever
 * asks more before an answer is idle.
 */
export class Tunnel {
  readonly #entry: Entry;
  readonly #share: Share;
  readonly #idle: () => void;
  #streams = 0;
  /** Requests under way, by whether a known key has signed them. */
  #vouched = 0;
  #unknown = 0;

  /** @param idle has it closed where nothing comes */
  constructor(entry: Entry, share: Share, idle: () => void) {
    this.#entry = entry;
    this.#share = share;
    this.#idle = idle;
  }

  /** An event stream begins. @throws MeshError `mesh_full` */
  begin(): void {
    if (this.#streams >= LIMITS.HTTP2_EVENT_STREAMS) {
      const most = `at most ${LIMITS.HTTP2_EVENT_STREAMS} event streams on one connection`;
      throw new MeshError("mesh_full", most);
    }
    if (this.#share.isFull()) throw new MeshError("mesh_full", OVER_SHARE);
    this.#streams++;
    this.#share.count(1);
    this.#stand();
  }

  /** One that began has ended. */
  end(): void {
    this.#streams--;
    this.#share.count(-1);
    this.#stand();
  }

  /** A request has come whole. @returns to be called when it is answered */
  ask(isVouched: boolean): () => void {
    const count = (by: number) => {
      if (isVouched) this.#vouched += by;
      else this.#unknown += by;
      this.#stand();
    };
    count(1);
    return () => count(-1);
  }

  #stand(): void {
    const standing = this.#standing();
    if (standing === this.#entry.standing) return;
    this.#entry.become(standing);
    if (standing === "idle") this.#idle();
  }

  #standing(): ConnectionStanding {
    if (this.#vouched > 0) return "busy";
    if (this.#streams > 0) return "guest";
    return this.#unknown === 1 ? "asking" : "idle";
  }
}
