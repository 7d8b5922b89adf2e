/** What the public sockets of both hosts share: which connections they admit, what they count over all of them, and what they log. */
import type { Keyring } from "../../../core/identity/keyring.ts";
import type { IsRegistered } from "../../../worker/request/connecting-device.ts";
import { NOBODY } from "./admission/address-share.ts";
import { Admission, type Entry } from "./admission/admission.ts";
import type { NamedClient } from "./admission/client.ts";
import { FailedAuth } from "./admission/failed-auth.ts";
import { clientOf, isTrusted, type Proxies } from "./admission/forwarded.ts";
import { Refusals } from "./admission/refusals.ts";
import { RequestBudgets } from "./admission/request-budgets.ts";
import { Unread } from "./admission/unread.ts";

export interface GuardOptions {
  /** Connections that there are descriptors for. */
  readonly capacity: number;
  /** Verifies credentials of this mesh. */
  readonly keyring: Keyring;
  readonly isRegistered: IsRegistered;
  /** Proxies that are trusted to name their clients. */
  readonly proxies: Proxies;
  /** Logs a line. */
  readonly log: (line: string) => void;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

export class FrontGuard {
  readonly admission: Admission;
  readonly failedAuth: FailedAuth;
  readonly budgets: RequestBudgets;
  readonly unread = new Unread();
  readonly now: () => number;
  /** To be called for each request or connection that is refused. @param kind for the log */
  readonly refused: (kind: string) => void;
  readonly #refusals: Refusals;
  readonly #proxies: Proxies;

  constructor(options: GuardOptions) {
    const {
      capacity,
      keyring,
      isRegistered,
      proxies,
      log,
      now = () => performance.now(),
    } = options;
    this.now = now;
    this.#proxies = proxies;
    this.#refusals = new Refusals(log);
    this.refused = (kind) => this.#refusals.count(kind, now());
    this.admission = new Admission({ capacity, now, onRefuse: this.refused });
    this.failedAuth = new FailedAuth({ keyring, isRegistered, now });
    this.budgets = new RequestBudgets({ keyring, isRegistered, now });
  }

  /**
   * Admits a connection.
   *
   * @param peer address of the other end
   * @param destroy frees the descriptor at once
   * @returns null if there is no room
   */
  admit(
    peer: string,
    destroy: () => void,
  ): { readonly entry: Entry; readonly clientOf: NamedClient } | null {
    const isProxy = isTrusted(this.#proxies, peer);
    const entry = this.admission.admit(isProxy ? NOBODY : peer, destroy);
    if (entry === null) return null;
    return { entry, clientOf: isProxy ? (fields) => clientOf(peer, fields, this.#proxies) : null };
  }

  /** To be called every `SWEEP_MS`: ends connections whose deadline has passed, and logs refusals. */
  sweep(): void {
    this.admission.sweep();
    this.#refusals.look(this.now());
  }
}
