/** The standing of an HTTP/2 connection, whose requests and event streams are concurrent. */
import { MeshError } from "../../../schema/errors.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { OVER_SHARE } from "../../machine/net/admission/address-share.ts";
import type { Entry } from "../../machine/net/admission/admission.ts";
import type { ConnectionStanding } from "../../machine/net/admission/networks.ts";

/** The event streams of one network over HTTP/2. */
export interface Share {
  readonly count: (by: number) => void;
  readonly isFull: () => boolean;
}

/**
 * One connection. The rules are those of HTTP/1.1: it is `busy` during a signed request, a `guest` with an event stream, and `idle` with
 * several unsigned requests.
 */
export class Tunnel {
  readonly #entry: Entry;
  readonly #share: Share;
  readonly #idle: () => void;
  #streams = 0;
  /** Requests in progress: signed with a known key, and others. */
  #vouched = 0;
  #unknown = 0;

  /** @param idle called when the connection becomes idle, to set its deadline */
  constructor(entry: Entry, share: Share, idle: () => void) {
    this.#entry = entry;
    this.#share = share;
    this.#idle = idle;
  }

  /** To be called when an event stream starts. @throws MeshError `mesh_full` */
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

  /** To be called when an event stream ends. */
  end(): void {
    this.#streams--;
    this.#share.count(-1);
    this.#stand();
  }

  /** To be called when a request is complete. @returns a function to be called when it is answered */
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
