/**
 * The device account: which key owns the device, and which tokens may open a link. It is stored by the first registration;
 * until then the sealed credential that the device carries is all there is of it, and its link all that is in memory.
 */
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import { SEQ_EPOCH_MS } from "../message/clock.ts";
import type { AccountRecord, AccountStore, IdleMark, LinkRecord } from "./store.ts";
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

/** What `Account.open` found or did. */
export interface Opened {
  /** "standing" for the key that is bound already, "created" for a device's first, "replaced" for another. */
  readonly outcome: "standing" | "created" | "replaced";
  readonly generation: number;
}

/** An account that nothing was registered for: it is in no row, and goes with the link that holds it. */
export interface PendingAccount extends AccountRecord {
  /** See `LinkRecord.tokens`. */
  readonly tokens: LinkRecord["tokens"];
}

export class Account {
  readonly #store: AccountStore;
  #record: AccountRecord | null;
  #link: LinkRecord | null;
  /** Whether the account is stored; its first registration stores it. */
  #isBound: boolean;

  constructor(store: AccountStore) {
    this.#store = store;
    this.#record = store.readAccount();
    this.#isBound = this.#record !== null;
    this.#link = this.#record === null ? null : store.readLink();
  }

  /** Null for a device that has no account here, as far as this object remembers. */
  get record(): AccountRecord | null {
    return this.#record;
  }

  get link(): LinkRecord | null {
    return this.#link;
  }

  /** Whether it is stored. */
  get isBound(): boolean {
    return this.#isBound;
  }

  /**
   * Whether nothing of it has to be remembered: its generation is never given again. An account of an older version, whose generation
   * was counted, stays, and with it what its next registration is numbered by.
   */
  get isErasable(): boolean {
    return (this.#record?.generation ?? 0) >= COUNTED;
  }

  /** When the device last opened or lost a link, or got its key: milliseconds since 1970. */
  get usedAtMs(): number {
    return Math.max(this.#link?.lastSeenMs ?? 0, this.#record?.createdAt ?? 0);
  }

  /** One row; null where it is in use. */
  markIdle(idle: IdleMark | null): void {
    if (this.#record === null) return;
    const { idle: _, ...record } = this.#record;
    this.#record = idle === null ? record : { ...record, idle };
    this.#store.writeAccount(this.#record);
  }

  /** What the socket's attachment has to keep of an account that is not stored; null where it is. */
  get pending(): PendingAccount | null {
    if (this.#isBound || this.#record === null) return null;
    return { ...this.#record, tokens: this.#link?.tokens ?? [] };
  }

  /** Takes up an account that is not stored, with the link that holds it. */
  restore({ tokens, ...record }: PendingAccount, session: string, seqFloor: number): void {
    if (this.#isBound) return;
    this.#record = record;
    this.#link = { session, lastSeenMs: record.createdAt, tokens, seqFloor };
  }

  /**
   * Finds the account of a key, or says in which generation it may be made. Writes nothing but where another key is
   * displaced: an account is stored by its first registration, see `bind`.
   *
   * @param linked whether the device holds a link now
   * @throws MeshError device_active where the device is in use under another key, and no handover says otherwise
   */
  open(request: OpenAccountRequest, linked: boolean, now: number): Opened {
    const { publicKey, handoverFrom } = request;
    const standing = this.#record;
    if (standing?.publicKey === publicKey) {
      const { generation } = standing;
      return { outcome: this.#isBound ? "standing" : "created", generation };
    }
    if (standing !== null && handoverFrom !== standing.publicKey) this.#requireIdle(linked, now);
    if (!this.#isBound) {
      const outcome = standing === null ? "created" : "replaced";
      this.#record = null;
      return { outcome, generation: freshGeneration(now) };
    }
    const generation = (standing?.generation ?? 0) + 1;
    this.#record = { ...standing, publicKey, generation, createdAt: now };
    this.#store.writeAccount(this.#record);
    return { outcome: "replaced", generation };
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
   * Admits a link: writes one row, which also uses the token up, or none where nothing was registered yet.
   *
   * @param linked whether the device holds a link now
   * @param kept asked for when it is admitted
   * @throws MeshError account_replaced, token_replayed, token_invalid
   */
  admit(
    claims: Claims,
    session: string,
    linked: boolean,
    seqFloor: number,
    kept: () => Kept,
    now: number,
  ): void {
    const { publicKey, generation, tokenId, tokenExpires } = claims;
    const record = this.#record;
    // Whose key it is decides; a credential made before the account was stored may name another generation.
    const isOther = record !== null && record.publicKey !== publicKey;
    if (isOther && (this.#isBound || linked)) throw new MeshError("account_replaced");
    const known = isOther ? [] : (this.#link?.tokens ?? []);
    const most = this.#isBound ? MAX_LIVE_TOKENS : PENDING_TOKENS;
    const live = liveTokens(known, most, now);
    if (live.some(([other]) => other === tokenId)) throw new MeshError("token_replayed");
    if (live.length >= most) {
      throw new MeshError("token_invalid", `over ${most} links in the life of a token`);
    }
    if (!this.#isBound)
      this.#record = { publicKey, generation: admittedGeneration(generation, now), createdAt: now };
    this.#write({
      session,
      lastSeenMs: now,
      tokens: [...live, [tokenId, tokenExpires]],
      seqFloor,
      ...kept(),
    });
  }

  /** Stores an account that is not stored, and its link: two rows, and the tables. Before anything else is stored. */
  bind(): void {
    if (this.#isBound || this.#record === null) return;
    this.#isBound = true;
    this.#store.writeAccount(this.#record);
    if (this.#link !== null) this.#store.writeLink(this.#link);
  }

  /**
   * The link is gone: one row, so that the next key knows when the device was last in use.
   *
   * @param seenAt when it was last heard of
   */
  release(seqFloor: number, kept: Kept, seenAt: number): void {
    if (this.#link === null) return;
    this.#write({ ...this.#link, lastSeenMs: seenAt, seqFloor, ...kept });
  }

  /** One row: sequence numbers up to this one may have been used, see `HybridClock`. */
  reserve(seqReserve: number): void {
    if (this.#link !== null) this.#write({ ...this.#link, ...this.#kept, seqReserve }, true);
  }

  /** One row, for cursors that nothing else can keep. */
  saveCursors(kept: Kept): void {
    if (this.#link !== null) this.#write({ ...this.#link, ...kept });
  }

  /** @throws MeshError device_active */
  #requireIdle(linked: boolean, now: number): void {
    let activeAt = this.#link?.lastSeenMs ?? this.#record?.createdAt ?? 0;
    if (activeAt > now + CLOCK_SKEW_MS) {
      // The clock was ahead when it was written. From the first question on it is a time of now, durably: else it would
      // lock the device for as long as the clock was ahead.
      activeAt = now;
      this.correct(now);
    }
    const freeAt = linked
      ? now + LIMITS.DEVICE_DISPLACE_MS
      : this.#isBound
        ? activeAt + LIMITS.DEVICE_DISPLACE_MS
        : now;
    if (freeAt > now) {
      throw new MeshError("device_active", undefined, { retryAfterMs: freeAt - now });
    }
  }

  /** A row or two: what stands for the last use of the device becomes `now`, where it is later. */
  correct(now: number): void {
    if (this.#link !== null && this.#link.lastSeenMs > now)
      this.#write({ ...this.#link, ...this.#kept, lastSeenMs: now });
    if (this.#record !== null && this.#record.createdAt > now) {
      this.#record = { ...this.#record, createdAt: now };
      if (this.#isBound) this.#store.writeAccount(this.#record);
    }
  }

  get #kept(): Kept {
    return { cursors: this.#link?.cursors, recent: this.#link?.recent, sent: this.#link?.sent };
  }

  #write({ cursors, recent, sent, seqReserve, ...record }: Written, reserves = false): void {
    const reserved = Math.max(seqReserve ?? 0, this.#link?.seqReserve ?? 0);
    this.#link = {
      ...record,
      ...(reserved > record.seqFloor ? { seqReserve: reserved } : {}),
      ...(cursors === undefined ? {} : { cursors }),
      ...(recent === undefined ? {} : { recent }),
      ...(sent === undefined ? {} : { sent }),
    };
    if (this.#isBound) this.#store.writeLink(this.#link, reserves);
  }
}

/** What a link's row keeps beside the link, where there is anything. */
export interface Kept {
  readonly cursors: LinkRecord["cursors"] | undefined;
  readonly recent: LinkRecord["recent"] | undefined;
  readonly sent: LinkRecord["sent"] | undefined;
}

type Written = Omit<LinkRecord, keyof Kept> & Kept;

/** Tokens remembered at once: a link every second for as long as a token can live, clock skew included. */
const MAX_LIVE_TOKENS = LIMITS.TOKEN_MAX_AGE_SECONDS + 2 * LIMITS.CLOCK_SKEW_SECONDS;

/** The same of an account that is not stored: they are in the socket's attachment: see LinkSnapshot. */
const PENDING_TOKENS = 16;

const CLOCK_SKEW_MS = LIMITS.CLOCK_SKEW_SECONDS * 1_000;

/**
 * Seconds since 2024: an account that is made anew after the one before was erased has a generation, and so regIds, that
 * no account of this device had.
 */
const freshGeneration = (now: number): number =>
  Math.max(1, Math.floor((now - SEQ_EPOCH_MS) / 1_000));

/** Generations below it were counted from 1, before accounts were erased. */
const COUNTED = 1_000_000;

/**
 * The generation of an account that its credential makes. One older than any account that was erased gets another: with its
 * own, a device that comes back would get its ended regIds again.
 */
function admittedGeneration(claimed: number, now: number): number {
  const fresh = freshGeneration(now);
  const isRecent = Math.abs(fresh - claimed) < LIMITS.ACCOUNT_IDLE_MS / 1_000;
  return claimed < COUNTED || isRecent ? claimed : fresh;
}

/** Without those that the edge refuses by their age alone, and where there are too many also those from the future. */
function liveTokens(tokens: LinkRecord["tokens"], most: number, now: number): LinkRecord["tokens"] {
  const live = tokens.filter(([, exp]) => exp * 1_000 + CLOCK_SKEW_MS >= now);
  if (live.length < most) return live;
  // Used while the clock was ahead: the edge takes none of them before it is that late again.
  const latest = now + LIMITS.TOKEN_MAX_AGE_SECONDS * 1_000 + CLOCK_SKEW_MS;
  return live.filter(([, exp]) => exp * 1_000 <= latest);
}
