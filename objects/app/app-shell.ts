/** The object of one app, addressed by its appId. */
import { type AdmitAnswer, type AdmitRequest, admit } from "../../core/app/admission.ts";
import {
  ALL_RIGHTS,
  type AppStore,
  addKey,
  createApp,
  type LiveKey,
  liveKeyOf,
  revokeKey,
  type StoredApp,
  setPolicy,
  trustOf,
} from "../../core/app/app.ts";
import { closeTag, denied, forgetGrants, revokeGrant } from "../../core/app/denials.ts";
import { mayGrant, type ReadGrant, readGrant } from "../../core/app/grant.ts";
import {
  type LeaseAnswer,
  type LeaseRequest,
  type Quota,
  QuotaBucket,
  quotaOf,
} from "../../core/app/quota.ts";
import { parseKeyId } from "../../core/identity/app-id.ts";
import { Limiter } from "../../core/link/limiter.ts";
import type { Refused } from "../../core/message/refusal.ts";
import { writeApp } from "../../core/move/app.ts";
import { type AppPolicy, OPEN_POLICY } from "../../core/trust/policy.ts";
import type { AppLine } from "../../schema/export.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { AppImportRpc, AppKey, AppRecord, AppRpc } from "../interfaces/rpc.ts";
import { makeLiveKey, type SubtlePort } from "../live/live-key.ts";
import { Memory } from "../memory.ts";
import type { ObjectRuntime } from "../runtime.ts";
import { Stay } from "../stay.ts";
import { appKey, appRecord } from "./app-record.ts";
import { grantFault, type VerifyPort } from "./grant-check.ts";

const registrationsLimiter = (): Limiter =>
  new Limiter(LIMITS.APP_REGISTRATIONS_PER_SECOND, LIMITS.APP_REGISTRATIONS_BURST);

const refusedGrantsLimiter = (): Limiter =>
  new Limiter(LIMITS.APP_REFUSED_GRANTS_PER_SECOND, LIMITS.APP_REFUSED_GRANTS_BURST);

export class AppShell implements AppRpc, AppImportRpc {
  readonly #runtime: ObjectRuntime<AppStore>;
  readonly #subtle: SubtlePort & VerifyPort;
  readonly #memory: Memory<AppStore, AppStore>;
  readonly #stay: Stay;
  /** In memory, so that no attempt writes a row. */
  readonly #registrations = { granted: registrationsLimiter(), open: registrationsLimiter() };
  readonly #refusedGrants = {
    strangers: refusedGrantsLimiter(),
    ungranted: refusedGrantsLimiter(),
  };
  #bucket: { readonly store: AppStore; readonly bucket: QuotaBucket | null } | null = null;

  constructor(runtime: ObjectRuntime<AppStore>, subtle: SubtlePort & VerifyPort) {
    this.#runtime = runtime;
    this.#subtle = subtle;
    this.#stay = new Stay(runtime.residence);
    this.#memory = new Memory(runtime, ({ store }) => store);
  }

  get name(): string {
    return this.#runtime.name;
  }

  create(name: string, policy?: AppPolicy): Promise<AppRecord> {
    const now = this.#runtime.now();
    return this.#answer((store) => this.#record(store, createApp(store, name, now, policy)), {
      isAtomic: true,
    });
  }

  setPolicy(policy: AppPolicy): Promise<boolean> {
    return this.#answer((store) => setPolicy(store, policy));
  }

  async record(): Promise<AppRecord | null> {
    const record = await this.#answer((store) => {
      const app = store.app();
      return app === null ? null : this.#record(store, app);
    });
    await this.#sealStale();
    return record;
  }

  async addKey(
    algorithm: AppKey["algorithm"],
    material: Uint8Array,
    rights = ALL_RIGHTS,
  ): Promise<AppKey | "full" | null> {
    const now = this.#runtime.now();
    const added = { algorithm, material, ...rights };
    const key = await this.#answer((store) => addKey(store, added, now));
    return key === null || key === "full" ? key : appKey(this.#runtime.name, key);
  }

  async keyUsed(keyId: string, at: number): Promise<void> {
    const parsed = parseKeyId(keyId);
    // It can wait, on a disk that takes no writes: the next use is recorded.
    if (parsed?.appId !== this.#runtime.name || this.#runtime.isFailing) return;
    await this.#answer((store) => store.setLastUsed(parsed.n, at));
  }

  async revokeKey(keyId: string): Promise<boolean> {
    const parsed = parseKeyId(keyId);
    if (parsed?.appId !== this.#runtime.name) return false;
    return this.#answer((store) => revokeKey(store, parsed.n), { isAtomic: true });
  }

  revokeGrant(jti: string, expiresAt: number): Promise<boolean | "full" | null> {
    const now = this.#runtime.now();
    return this.#answer((store) => revokeGrant(store, { jti, expiresAt }, now), { isAtomic: true });
  }

  forgetGrants(): Promise<number | null> {
    return this.#answer(forgetGrants, { isAtomic: true });
  }

  closeTag(tag: string, isClosed: boolean): Promise<boolean | "full"> {
    return this.#answer((store) => closeTag(store, tag, isClosed), { isAtomic: true });
  }

  async setQuota(quota: Quota | null): Promise<boolean> {
    return this.#answer((store) => {
      if (store.app() === null) return false;
      const now = this.#runtime.now();
      const standing = this.#bucketOf(store);
      // Full, whatever a clock that is set back by a moment says.
      const first = quota && { ...quota, fullAt: 0, leasedUntil: 0 };
      store.setQuota(quota && standing ? standing.as(quota, now) : first);
      this.#bucket = null;
      return true;
    });
  }

  lease(request: LeaseRequest): Promise<LeaseAnswer | null> {
    return this.#answer(
      (store) => this.#bucketOf(store)?.take(request, this.#runtime.now()) ?? null,
    );
  }

  remove(): Promise<boolean> {
    this.#bucket = null;
    return this.#answer((store) => store.removeApp(), { isAtomic: true });
  }

  async admit(request: AdmitRequest): Promise<AdmitAnswer> {
    const now = this.#runtime.now();
    const appId = this.#runtime.name;
    const found = await this.#answer((store) => {
      if (store.app() === null) return null;
      const keys = store.keys();
      return { keys, trust: trustOf(store, now, keys), denials: denied(store.denials()) };
    });
    if (found === null) return { ok: false, code: "app_unknown", detail: "it was removed" };
    const keyOf = (keyId: string) => {
      const n = parseKeyId(keyId)?.n;
      return found.keys.find((key) => key.n === n && mayGrant(key, now));
    };
    let presented: ReadGrant | null = null;
    const refusedGrants = this.#refusedGrantsOf(request);
    const retryAfterMs = refusedGrants?.take(now) ?? 0;
    if (retryAfterMs > 0) {
      const detail = `at most ${LIMITS.APP_REFUSED_GRANTS_PER_SECOND} grants of devices without one are refused a second`;
      return { ok: false, code: "rate_limited", detail, retryAfterMs };
    }
    if (request.grant !== null) {
      const read = readGrant(request.grant, appId, now);
      if ("ok" in read) return read;
      const fault = await grantFault(this.#subtle, read, keyOf(read.held.kid));
      if (fault !== null) return fault;
      presented = read;
    }
    const { policy, version } = found.trust;
    const mayHaveSigned = (keyId: string) => keyOf(keyId) !== undefined;
    const known = { policy: policy ?? OPEN_POLICY, version, ...found.denials };
    const app = { ...known, mayGrant: mayHaveSigned };
    const admitted = admit(app, request, presented, now);
    if (admitted.ok) refusedGrants?.giveBack();
    if (!admitted.ok || request.kind !== "register" || request.regId !== null) return admitted;
    return this.#overBudget(admitted.grant !== null, now) ?? admitted;
  }

  /** Strangers can make grants without end, and anybody may register an open app. One that holds a grant has shown that it is none of them. */
  #refusedGrantsOf({ grant, regId, held }: AdmitRequest): Limiter | null {
    if (grant === null || held !== null) return null;
    return this.#refusedGrants[regId === null ? "strangers" : "ungranted"];
  }

  /** Counts a new registration, apart from those that strangers can make: theirs must not keep out the devices with a grant. */
  #overBudget(isGranted: boolean, now: number): Refused | null {
    const retryAfterMs = this.#registrations[isGranted ? "granted" : "open"].take(now);
    if (retryAfterMs === 0) return null;
    const detail = `at most ${LIMITS.APP_REGISTRATIONS_PER_SECOND} new registrations of the app a second`;
    return { ok: false, code: "rate_limited", detail, retryAfterMs };
  }

  async liveKey(): Promise<LiveKey | null> {
    const make = () => makeLiveKey(this.#subtle);
    const key = await this.#stay.during(() => this.#memory.call((store) => liveKeyOf(store, make)));
    await this.#sealStale();
    return key;
  }

  write(line: AppLine): Promise<void> {
    return this.#answer((store) => writeApp(store, line), { isAtomic: true });
  }

  /**
   * Leaves memory if there is nothing to do.
   *
   * @returns false if there is, or if it was used after `idleSince`, by `Residence.sweeps`
   */
  sleep(idleSince: number): boolean {
    // What is stored is ahead of the bucket: an app that left earlier would lack what refills meanwhile.
    const isBusy = () => this.#bucket?.bucket?.isAhead(this.#runtime.now()) === true;
    return this.#stay.end(idleSince, isBusy, () => {
      this.#memory.reload();
      this.#bucket = null;
    });
  }

  #answer<Answer>(
    handler: (store: AppStore) => Answer,
    options?: { readonly isAtomic?: boolean },
  ): Promise<Answer> {
    return this.#stay.during(() => this.#memory.answer(handler, options));
  }

  /** Nobody is refused if it fails: the next call tries again. */
  async #sealStale(): Promise<void> {
    if (!this.#memory.standing?.hasStaleSecrets || this.#runtime.isFailing) return;
    try {
      await this.#answer((store) => store.sealStaleSecrets(), { isAtomic: true });
    } catch (error) {
      this.#runtime.reportError(error);
    }
  }

  #record(store: AppStore, app: StoredApp): AppRecord {
    const stored = store.quota();
    const quota = stored && quotaOf(stored);
    const keys = store.keys();
    const trust = trustOf(store, this.#runtime.now(), keys);
    return appRecord(this.#runtime.name, app, keys, trust, store.denials(), quota);
  }

  /** Null without a quota. Another store is another life, whose rows may be older than the bucket in memory. */
  #bucketOf(store: AppStore): QuotaBucket | null {
    if (this.#bucket?.store !== store) {
      const stored = store.quota();
      const bucket = stored && new QuotaBucket(store, stored, this.#runtime.now());
      this.#bucket = { store, bucket };
    }
    return this.#bucket.bucket;
  }
}
