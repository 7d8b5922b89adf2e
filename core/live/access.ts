/** How long each listener of a live node may stay: by its token, by the key that signed that, and by the access of the tag. */
import type { ErrorCode } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { LiveAccess } from "../tag/calls/live.ts";

/** What the edge knows of a listener's token. Plain data: it crosses RPC, and stays with the socket while the node sleeps. */
export interface Pass {
  /** When the token has expired for every clock, milliseconds since 1970. */
  readonly until: number;
  /** The number of the key that signed it. */
  readonly key: number;
  /** The version of the app's trust by which the key was found valid: see `StoredTrust.version`. */
  readonly trust: number;
}

/** The keys of an app that may sign listen tokens now. */
export interface TrustedKeys {
  readonly trustVersion: number;
  /** Their numbers. */
  readonly keys: ReadonlySet<number>;
}

export interface Guest {
  /** Null if it showed no token. */
  pass: Pass | null;
  readonly sink: {
    /** Stores the pass with the connection, so that it survives a sleep of the node. */
    keep(pass: Pass): void;
  };
}

interface AccessParts<Listener extends Guest> {
  readonly all: () => Iterable<Listener>;
  readonly end: (listener: Listener, code: ErrorCode) => void;
  /** Asks the app's object; null if the app was deleted. */
  readonly trust: () => Promise<TrustedKeys | null>;
}

export class ListenerAccess<Listener extends Guest> {
  readonly #parts: AccessParts<Listener>;
  /** Every token was checked by this version of the app's trust, or a later one. */
  #checked = Number.POSITIVE_INFINITY;
  /** No token expires before. */
  #earliest = Number.POSITIVE_INFINITY;
  #checking: Promise<void> | null = null;
  /** The app's last answer. */
  #trusted: TrustedKeys | null = null;
  /** Listeners without a token. */
  #bare = 0;

  constructor(parts: AccessParts<Listener>) {
    this.#parts = parts;
  }

  /** When to look for expired tokens if nothing is sent before, milliseconds since 1970; null for never. */
  get lookAt(): number | null {
    if (this.#earliest === Number.POSITIVE_INFINITY) return null;
    return Math.ceil(this.#earliest / LIMITS.LIVE_EXPIRY_MS) * LIMITS.LIVE_EXPIRY_MS;
  }

  added({ pass }: Listener): void {
    if (pass === null) this.#bare++;
    else this.#note(pass);
  }

  removed({ pass }: Listener): void {
    if (pass === null) this.#bare--;
  }

  /** The access of the tag, as its root has it. An edge may have let listeners in by an earlier one. */
  apply(access: LiveAccess): void {
    if (access === "open" || (access === "token" && this.#bare === 0)) return;
    for (const listener of [...this.#parts.all()]) {
      if (access === "closed") this.#parts.end(listener, "live_closed");
      else if (listener.pass === null) this.#parts.end(listener, "listen_token_invalid");
    }
  }

  /** Ends the listeners whose token has expired. */
  expire(now: number): void {
    if (now < this.#earliest) return;
    let earliest = Number.POSITIVE_INFINITY;
    for (const listener of [...this.#parts.all()]) {
      const { until = Number.POSITIVE_INFINITY } = listener.pass ?? {};
      if (until <= now) this.#parts.end(listener, "listen_token_invalid");
      else earliest = Math.min(earliest, until);
    }
    this.#earliest = earliest;
  }

  /** Whether a listener may have what was sent under a version of the app's trust. If not, `check` decides. */
  mayHear({ pass }: Listener, version: number): boolean {
    return pass === null || pass.trust >= version;
  }

  /**
   * Ends the listeners whose token was signed by a key that is revoked or has expired, if some were checked before a version of the app's
   * trust. Otherwise it asks nobody.
   *
   * @throws if the app's object cannot be called
   */
  async check(version: number): Promise<void> {
    while (version > this.#checked) {
      this.#checking ??= this.#check(version).finally(() => {
        this.#checking = null;
      });
      await this.#checking;
    }
  }

  async #check(version: number): Promise<void> {
    const isOld = ({ pass }: Listener) => pass !== null && pass.trust < version;
    // Those with earlier passes may have left since.
    if ([...this.#parts.all()].some(isOld)) await this.#ask(version);
    this.#checked = Number.POSITIVE_INFINITY;
    for (const { pass } of this.#parts.all()) if (pass !== null) this.#note(pass);
  }

  #note({ trust, until }: Pass): void {
    this.#checked = Math.min(this.#checked, trust);
    this.#earliest = Math.min(this.#earliest, until);
  }

  async #ask(version: number): Promise<void> {
    // An edge may go on letting in listeners by the earlier version for as long as it caches that.
    const isKnown = this.#trusted !== null && this.#trusted.trustVersion >= version;
    const trusted = isKnown ? this.#trusted : await this.#parts.trust();
    this.#trusted = trusted;
    // No version can be later than that of the app itself, unless a clock was set back.
    const trust = Math.max(version, trusted?.trustVersion ?? 0);
    for (const listener of [...this.#parts.all()]) {
      const { pass, sink } = listener;
      if (pass === null) continue;
      if (trusted === null) this.#parts.end(listener, "live_closed");
      else if (!trusted.keys.has(pass.key)) this.#parts.end(listener, "listen_token_invalid");
      else if (pass.trust < trust) {
        listener.pass = { ...pass, trust };
        sink.keep(listener.pass);
      }
    }
  }
}
