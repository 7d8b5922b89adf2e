/**
 * The device account: which key owns the device, and which tokens may open a link. The first registration stores it.
 * Until then it exists only in the device's sealed credential and, while a link is open, in memory.
 */
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import { SEQ_EPOCH_MS } from "../message/clock.ts";
import type { AccountRecord, AccountStore, IdleMark, LinkRecord, Removal } from "./store.ts";
import type { AccountOutcome, OpenAccountRequest } from "./types.ts";

/** The contents of a connect token that the edge has verified. */
export interface Claims {
  readonly generation: number;
  /** Raw public key of the credential, base64url. */
  readonly publicKey: string;
  /** The token's jti. */
  readonly tokenId: string;
  /** The token's exp, seconds since 1970. */
  readonly tokenExpires: number;
}

/** The result of `Account.open`. */
interface OpenedAccount {
  readonly outcome: AccountOutcome;
  readonly generation: number;
}

/** An account without a registration. It is not stored, and is forgotten with the link that carries it. */
export interface PendingAccount extends AccountRecord {
  /** See `LinkRecord.tokens`. */
  readonly tokens: LinkRecord["tokens"];
}

export class Account {
  readonly #store: AccountStore;
  #record: AccountRecord | null;
  #link: LinkRecord | null;
  /** Whether the account is stored. */
  #isStored: boolean;

  constructor(store: AccountStore) {
    this.#store = store;
    this.#record = store.readAccount();
    this.#isStored = this.#record !== null;
    this.#link = this.#record === null ? null : store.readLink();
  }

  /** Null if the device has no account, as far as this object knows. */
  get record(): AccountRecord | null {
    return this.#record;
  }

  get link(): LinkRecord | null {
    return this.#link;
  }

  /** Whether the account is stored. */
  get isStored(): boolean {
    return this.#isStored;
  }

  /**
   * Whether the account can be erased: its generation is a time, so it is never issued again. Older versions counted generations;
   * such an account stays, so that its next registration continues the count.
   */
  get isErasable(): boolean {
    return (this.#record?.generation ?? 0) >= FIRST_TIMED_GENERATION;
  }

  /** When the device last opened or lost a link, or the account was created. Milliseconds since 1970. */
  get usedAtMs(): number {
    return Math.max(this.#link?.lastSeenMs ?? 0, this.#record?.createdAt ?? 0);
  }

  /** Writes one row. Null: the account is in use. */
  markIdle(idle: IdleMark | null): void {
    if (this.#record === null) return;
    const { idle: _, ...record } = this.#record;
    this.#record = idle === null ? record : { ...record, idle };
    this.#store.writeAccount(this.#record);
  }

  /** Writes one row, if the account is stored. */
  setRemovals(removals: readonly Removal[]): void {
    if (this.#record === null || !this.#isStored) return;
    const { removals: _, ...record } = this.#record;
    this.#record = removals.length === 0 ? record : { ...record, removals };
    this.#store.writeAccount(this.#record);
  }

  /** The account for the socket's attachment; null if it is stored. */
  get pending(): PendingAccount | null {
    if (this.#isStored || this.#record === null) return null;
    return { ...this.#record, tokens: this.#link?.tokens ?? [] };
  }

  /** Restores an account that is not stored, from the socket's attachment. */
  restore({ tokens, ...record }: PendingAccount, session: string, seqFloor: number): void {
    if (this.#isStored) return;
    this.#record = record;
    this.#link = { session, lastSeenMs: record.createdAt, tokens, seqFloor };
  }

  /**
   * Finds the account of a key, or returns the generation of a new one. Writes a row only if a stored key is displaced:
   * a new account is stored by its first registration, see `persist`.
   *
   * @param linked whether the device has a link now
   * @throws MeshError device_active if the account belongs to another key, however long unused, and the request has no handover
   */
  open(request: OpenAccountRequest, linked: boolean, now: number): OpenedAccount {
    const { publicKey, handoverFrom } = request;
    const standing = this.#record;
    if (standing?.publicKey === publicKey) {
      const { generation } = standing;
      return { outcome: this.#isStored ? "standing" : "created", generation };
    }
    const isHeld = standing !== null && (this.#isStored || linked);
    // No time of last use in the answer, and none decides it: identifiers may be known to strangers.
    if (isHeld && handoverFrom !== standing.publicKey) throw new MeshError("device_active");
    if (!this.#isStored) {
      // Only an open link shows that an account that is not stored was there.
      const outcome = linked ? "replaced" : "created";
      this.#record = null;
      return { outcome, generation: freshGeneration(now) };
    }
    const generation = (standing?.generation ?? 0) + 1;
    this.#record = { ...standing, publicKey, generation, createdAt: now };
    this.#store.writeAccount(this.#record);
    return { outcome: "replaced", generation };
  }

  /** The life of the next registration of an app whose earlier ones are forgotten: above all of theirs. */
  get lives(): number {
    return this.#record?.lives ?? 0;
  }

  /** A registration of this life is forgotten: later ones begin above it. Writes one row if that raises `lives`. */
  retireLife(life: number): void {
    if (this.#record === null || this.lives > life) return;
    this.#record = { ...this.#record, lives: life + 1 };
    this.#store.writeAccount(this.#record);
  }

  /**
   * Admits a link and marks its token as used. Writes one row, or none if the account is not stored yet.
   *
   * @param linked whether the device has a link now
   * @param kept called once the link is admitted
   * @throws MeshError account_replaced, token_expired, token_replayed, token_invalid
   */
  admit(
    claims: Claims,
    session: string,
    linked: boolean,
    seqFloor: number,
    kept: () => LinkExtras,
    now: number,
  ): void {
    const { publicKey, generation, tokenId, tokenExpires } = claims;
    const record = this.#record;
    // The key decides, not the generation: a credential from before the account was stored may name another one.
    const isOther = record !== null && record.publicKey !== publicKey;
    if (isOther && (this.#isStored || linked)) throw new MeshError("account_replaced");
    // The edge checked it by its own clock, maybe seconds ago: what has been forgotten here is not taken for new.
    if (takenUntil(tokenExpires) <= now) throw new MeshError("token_expired");
    const known = isOther ? [] : (this.#link?.tokens ?? []);
    const most = this.#isStored ? MAX_LIVE_TOKENS : PENDING_TOKENS;
    const live = liveTokens(known, most, now);
    if (live.some(([other]) => other === tokenId)) throw new MeshError("token_replayed");
    if (live.length >= most) {
      throw new MeshError("token_invalid", `more than ${most} links in the lifetime of a token`);
    }
    if (!this.#isStored)
      this.#record = { publicKey, generation: admittedGeneration(generation, now), createdAt: now };
    this.#write({
      session,
      lastSeenMs: now,
      tokens: [...live, [tokenId, tokenExpires]],
      seqFloor,
      ...kept(),
    });
  }

  /** Stores the account and its link, unless they are: two rows, and the tables. Call it before anything else is stored. */
  persist(): void {
    if (this.#isStored || this.#record === null) return;
    this.#isStored = true;
    this.#store.writeAccount(this.#record);
    if (this.#link !== null) this.#store.writeLink(this.#link);
  }

  /**
   * The link has ended. Writes one row, which tells when the account was last used: see `Idle`.
   *
   * @param seenAt when the device was last heard from, milliseconds since 1970
   */
  release(seqFloor: number, kept: LinkExtras, seenAt: number): void {
    if (this.#link === null) return;
    this.#write({ ...this.#link, lastSeenMs: seenAt, seqFloor, ...kept });
  }

  /** Writes one row: sequence numbers up to this one may have been used, see `HybridClock`. */
  reserve(seqReserve: number): void {
    if (this.#link !== null) this.#write({ ...this.#link, ...this.#kept, seqReserve }, true);
  }

  /** Writes one row, for cursors that do not fit into the socket's attachment. */
  saveCursors(kept: LinkExtras): void {
    if (this.#link !== null) this.#write({ ...this.#link, ...kept });
  }

  /** Replaces times of last use that are in the future by `now`. Writes one row for each. */
  clampFutureTimes(now: number): void {
    if (this.#link !== null && this.#link.lastSeenMs > now)
      this.#write({ ...this.#link, ...this.#kept, lastSeenMs: now });
    if (this.#record !== null && this.#record.createdAt > now) {
      this.#record = { ...this.#record, createdAt: now };
      if (this.#isStored) this.#store.writeAccount(this.#record);
    }
  }

  get #kept(): LinkExtras {
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
    if (this.#isStored) this.#store.writeLink(this.#link, reserves);
  }
}

/** What the link's row stores beside the link itself; undefined for nothing. */
export interface LinkExtras {
  readonly cursors: LinkRecord["cursors"] | undefined;
  readonly recent: LinkRecord["recent"] | undefined;
  readonly sent: LinkRecord["sent"] | undefined;
}

type Written = Omit<LinkRecord, keyof LinkExtras> & LinkExtras;

/** Used tokens that are remembered: one link a second for as long as a token is valid, clock skew included. */
const MAX_LIVE_TOKENS = LIMITS.TOKEN_MAX_AGE_SECONDS + 2 * LIMITS.CLOCK_SKEW_SECONDS;

/** The same for an account that is not stored, whose tokens are in the socket's attachment: see `LinkSnapshot`. */
const PENDING_TOKENS = 16;

const CLOCK_SKEW_MS = LIMITS.CLOCK_SKEW_SECONDS * 1_000;

/** When the edge refuses a token by age alone, milliseconds: it compares whole seconds, so it takes one in all of the last. */
const takenUntil = (expires: number): number => (expires + 1) * 1_000 + CLOCK_SKEW_MS;

/**
 * Seconds since 2024: an account that is created after the previous one was erased gets a generation, and so regIds, that
 * no earlier account of this device had.
 */
const freshGeneration = (now: number): number =>
  Math.max(1, Math.floor((now - SEQ_EPOCH_MS) / 1_000));

/** Generations below this were counted from 1, by versions that did not erase accounts. */
const FIRST_TIMED_GENERATION = 1_000_000;

/**
 * The generation of an account that is recreated from its credential. If the credential is old enough that the account may have
 * been erased, it gets a new generation: with the old one the device would get its ended regIds again.
 */
function admittedGeneration(claimed: number, now: number): number {
  const fresh = freshGeneration(now);
  const isRecent = Math.abs(fresh - claimed) < LIMITS.ACCOUNT_IDLE_MS / 1_000;
  return claimed < FIRST_TIMED_GENERATION || isRecent ? claimed : fresh;
}

/** Drops tokens that the edge refuses by age alone; if that leaves too many, also tokens from the future. */
function liveTokens(tokens: LinkRecord["tokens"], most: number, now: number): LinkRecord["tokens"] {
  const live = tokens.filter(([, exp]) => takenUntil(exp) > now);
  if (live.length < most) return live;
  // They were used while the clock was ahead: the edge refuses them until that time has come.
  const latest = now + LIMITS.TOKEN_MAX_AGE_SECONDS * 1_000 + CLOCK_SKEW_MS;
  return live.filter(([, exp]) => exp * 1_000 <= latest);
}
