/** The device account: which key owns the device, and which tokens may open a link. */
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { AccountRecord, AccountStore, LinkRecord } from "./store.ts";
import type { OpenAccountRequest } from "./types.ts";

/** What the edge verified of a connect token. */
export interface Claims {
  readonly generation: number;
  /** Raw public key of the credential, base64url. */
  readonly publicKey: string;
  /** The token's jti. */
  readonly tokenId: string;
  /** The token's exp, seconds since 1970. */
  readonly tokenExpires: number;
}

export class Account {
  readonly #store: AccountStore;
  #record: AccountRecord | null;
  #link: LinkRecord | null;

  constructor(store: AccountStore) {
    this.#store = store;
    this.#record = store.readAccount();
    this.#link = this.#record === null ? null : store.readLink();
  }

  /** Null for a device that never made an account here. */
  get record(): AccountRecord | null {
    return this.#record;
  }

  get link(): LinkRecord | null {
    return this.#link;
  }

  /**
   * Binds a key to the device.
   *
   * @param linked whether the device holds a link now
   * @returns "standing" for the key that is bound already, "created" for a device's first, "replaced" for another
   * @throws MeshError device_active where the device is in use under another key, and no handover says otherwise
   */
  open(
    request: OpenAccountRequest,
    linked: boolean,
    now: number,
  ): "standing" | "created" | "replaced" {
    const { publicKey, handoverFrom } = request;
    const standing = this.#record;
    if (standing?.publicKey === publicKey) return "standing";
    if (standing !== null && handoverFrom !== standing.publicKey) {
      const activeAt = Math.max(standing.createdAt, this.#link?.lastSeenMs ?? 0);
      const freeAt = linked
        ? now + LIMITS.DEVICE_DISPLACE_MS
        : activeAt + LIMITS.DEVICE_DISPLACE_MS;
      if (freeAt > now) {
        throw new MeshError("device_active", undefined, { retryAfterMs: freeAt - now });
      }
    }
    const generation = (standing?.generation ?? 0) + 1;
    this.#record = { ...standing, publicKey, generation, createdAt: now };
    this.#store.writeAccount(this.#record);
    return standing === null ? "created" : "replaced";
  }

  /** The life that a registration begins with of which nothing is remembered. */
  get lives(): number {
    return this.#record?.lives ?? 0;
  }

  /** A registration of this life is forgotten: the next of its app must not be taken for it. One row, where that is news. */
  outlive(life: number): void {
    if (this.#record === null || this.lives > life) return;
    this.#record = { ...this.#record, lives: life + 1 };
    this.#store.writeAccount(this.#record);
  }

  /**
   * Admits a link: writes one row, which also uses the token up.
   *
   * @param cursors asked for when it is admitted
   * @throws MeshError token_invalid, account_replaced, token_replayed
   */
  admit(
    claims: Claims,
    session: string,
    seqFloor: number,
    cursors: () => LinkRecord["cursors"] | undefined,
    now: number,
  ): void {
    const record = this.#record;
    if (record === null) throw new MeshError("token_invalid", "no such account");
    if (record.generation !== claims.generation || record.publicKey !== claims.publicKey) {
      throw new MeshError("account_replaced");
    }
    const live = (this.#link?.tokens ?? []).filter(([, exp]) => !isPast(exp, now));
    if (live.some(([tokenId]) => tokenId === claims.tokenId)) throw new MeshError("token_replayed");
    if (live.length >= MAX_LIVE_TOKENS) {
      throw new MeshError("token_invalid", `over ${MAX_LIVE_TOKENS} links in the life of a token`);
    }
    this.#write({
      session,
      lastSeenMs: now,
      tokens: [...live, [claims.tokenId, claims.tokenExpires]],
      seqFloor,
      cursors: cursors(),
    });
  }

  /** The link is gone: one row, so that the next key knows when the device was last in use. */
  release(seqFloor: number, cursors: LinkRecord["cursors"] | undefined, now: number): void {
    if (this.#link === null) return;
    this.#write({ ...this.#link, lastSeenMs: now, seqFloor, cursors });
  }

  /** One row, for cursors that nothing else can keep. */
  saveCursors(cursors: LinkRecord["cursors"] | undefined): void {
    if (this.#link !== null) this.#write({ ...this.#link, cursors });
  }

  #write({ cursors, ...record }: Written): void {
    this.#link = cursors === undefined ? record : { ...record, cursors };
    this.#store.writeLink(this.#link);
  }
}

/** A link record whose cursors may be none. */
type Written = Omit<LinkRecord, "cursors"> & {
  readonly cursors: LinkRecord["cursors"] | undefined;
};

/** Tokens remembered at once: a link every second for as long as a token can live, clock skew included. */
const MAX_LIVE_TOKENS = LIMITS.TOKEN_MAX_AGE_SECONDS + 2 * LIMITS.CLOCK_SKEW_SECONDS;

/** Whether the edge would refuse the token by its age alone. */
function isPast(exp: number, now: number): boolean {
  return (exp + LIMITS.CLOCK_SKEW_SECONDS) * 1_000 < now;
}
