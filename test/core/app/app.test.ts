import { describe, expect, it } from "vitest";
import {
  ALL_RIGHTS,
  type AppStore,
  addKey,
  createApp,
  type LiveKey,
  liveKeyOf,
  revokeKey,
  type StoredKey,
  setPolicy,
  trustOf,
} from "../../../core/app/app.ts";
import {
  closeTag,
  type Denial,
  denied,
  forgetGrants,
  grantMark,
  revokeGrant,
} from "../../../core/app/denials.ts";
import {
  addToDirectory,
  type DirectoryEntry,
  type DirectoryStore,
} from "../../../core/app/directory.ts";
import type { StoredQuota } from "../../../core/app/quota.ts";
import { DEFAULT_POLICY, NO_TRUST, OPEN_POLICY, ruleFor } from "../../../core/trust/policy.ts";
import { LIMITS } from "../../../schema/limits.ts";

function appStore(): AppStore {
  let app: ReturnType<AppStore["app"]> = null;
  let keys: StoredKey[] = [];
  let last = 0;
  let live: LiveKey | null = null;
  let trust = NO_TRUST;
  let quota: StoredQuota | null = null;
  let denials: readonly Denial[] = [];
  const without = ({ kind, name }: Pick<Denial, "kind" | "name">) =>
    denials.filter((one) => one.kind !== kind || one.name !== name);
  return {
    app: () => app,
    setApp: (made) => {
      app = made;
    },
    trust: () => trust,
    setTrust: (set) => {
      trust = set;
    },
    denials: () => denials,
    putDenial: (denial) => {
      denials = [...without(denial), denial];
    },
    removeDenial: (denial) => {
      denials = without(denial);
    },
    keys: () => keys,
    addKey: (key) => {
      const stored = { n: ++last, ...key };
      keys.push(stored);
      return stored;
    },
    removeKey: (n) => {
      const before = keys.length;
      keys = keys.filter((key) => key.n !== n);
      return keys.length < before;
    },
    setLastUsed: () => {},
    hasStaleSecrets: false,
    sealStaleSecrets: () => 0,
    keysMade: () => last,
    putKeys: (added, made) => {
      keys.push(...added);
      last = made;
    },
    liveKey: () => live,
    setLiveKey: (key) => {
      live = key;
    },
    quota: () => quota,
    setQuota: (set) => {
      quota = set;
    },
    removeApp: () => {
      const stood = app !== null;
      app = null;
      keys = [];
      live = null;
      trust = NO_TRUST;
      quota = null;
      denials = [];
      return stood;
    },
  };
}

function directoryStore(): DirectoryStore {
  const entries: DirectoryEntry[] = [];
  return {
    count: () => entries.length,
    has: (appId) => entries.some((entry) => entry.appId === appId),
    add: (entry) => entries.push(entry),
    remove: (appId) => {
      const at = entries.findIndex((entry) => entry.appId === appId);
      if (at >= 0) entries.splice(at, 1);
      return at >= 0;
    },
    list: () => entries,
  };
}

const material = new Uint8Array(32);

describe("an app", () => {
  it("is made once: made again it stays as it was", () => {
    const store = appStore();
    const made = createApp(store, "shop", 5);
    expect(createApp(store, "other", 6)).toBe(made);
  });

  it("V4 has one live key, though two calls make one at once", async () => {
    const store = appStore();
    let made = 0;
    const make = async () => ({ seed: material, publicKey: Uint8Array.of(++made) });
    expect(await liveKeyOf(store, make)).toBeNull();
    createApp(store, "shop", 5);
    const [one, two] = await Promise.all([liveKeyOf(store, make), liveKeyOf(store, make)]);
    expect(one).toEqual(two);
    expect(await liveKeyOf(store, make)).toEqual(one);
  });

  it("that was never made takes no key", () => {
    expect(addKey(appStore(), { algorithm: "hmac-sha256", material, ...ALL_RIGHTS }, 1)).toBeNull();
  });

  it(`P8.1 holds ${LIMITS.APP_KEYS} keys and refuses one more`, () => {
    const store = appStore();
    createApp(store, "shop", 1);
    const key = { algorithm: "ed25519", material, ...ALL_RIGHTS } as const;
    for (let n = 1; n <= LIMITS.APP_KEYS; n++) {
      expect(addKey(store, key, n)).toMatchObject({ n, createdAt: n });
    }
    expect(addKey(store, key, 99)).toBe("full");
  });
});

describe("S10 the policy of an app", () => {
  it("is granted for a new one, unless it was made with another", () => {
    const store = appStore();
    createApp(store, "shop", 5);
    expect(store.trust()).toEqual({ policy: DEFAULT_POLICY, version: 1 });
    const open = appStore();
    createApp(open, "demo", 5, OPEN_POLICY);
    expect(open.trust().policy).toEqual(OPEN_POLICY);
    expect(createApp(open, "demo", 6, DEFAULT_POLICY)).toMatchObject({ createdAt: 5 });
    expect(open.trust().policy).toEqual(OPEN_POLICY);
  });

  it("is missing for one that was stored before there were policies, until one is set", () => {
    const store = appStore();
    store.setApp({ name: "old", createdAt: 1 });
    expect(store.trust()).toEqual({ policy: null, version: 0 });
    expect(setPolicy(store, DEFAULT_POLICY)).toBe(true);
    expect(store.trust()).toEqual({ policy: DEFAULT_POLICY, version: 1 });
  });

  it("that was never made cannot be set", () => {
    const store = appStore();
    expect(setPolicy(store, OPEN_POLICY)).toBe(false);
    expect(store.trust()).toEqual(NO_TRUST);
  });

  it("has a version that rises with each change of it and with each revoked key", () => {
    const store = appStore();
    createApp(store, "shop", 5);
    const versions = [store.trust().version];
    const note = () => versions.push(store.trust().version);
    setPolicy(store, OPEN_POLICY);
    note();
    addKey(store, { algorithm: "ed25519", material, ...ALL_RIGHTS }, 6);
    expect(revokeKey(store, 1)).toBe(true);
    note();
    expect(revokeKey(store, 1)).toBe(false);
    note();
    expect(versions).toEqual([1, 2, 3, 3]);
    expect(store.trust().policy).toEqual(OPEN_POLICY);
  });

  it("gets another version when a key expires, and not again when that key is revoked", () => {
    const store = appStore();
    createApp(store, "shop", 5);
    const key = { algorithm: "ed25519", material, ...ALL_RIGHTS } as const;
    addKey(store, { ...key, expiresAt: 10 }, 6);
    addKey(store, key, 6);
    expect(trustOf(store, 9).version).toBe(1);
    expect(trustOf(store, 10).version).toBe(2);
    revokeKey(store, 1);
    expect(trustOf(store, 10).version).toBe(2);
  });

  it.each([
    [[], "news/a", "granted"],
    [[{ prefix: "", rule: "open" }], "x", "open"],
    [[{ prefix: "news/", rule: "open" }], "news", "granted"],
    [[{ prefix: "news/", rule: "open" }], "news/", "open"],
    [[{ prefix: "news/", rule: "open" }], "News/a", "granted"],
    [
      [
        { prefix: "", rule: "open" },
        { prefix: "a", rule: "server" },
        { prefix: "ab", rule: "granted" },
      ],
      "abc",
      "granted",
    ],
    [
      [
        { prefix: "ab", rule: "granted" },
        { prefix: "a", rule: "server" },
        { prefix: "", rule: "open" },
      ],
      "ac",
      "server",
    ],
    // One character, of two code units and four bytes.
    [
      [
        { prefix: "\u{1f600}", rule: "server" },
        { prefix: "\u{1f601}", rule: "open" },
      ],
      "\u{1f600}!",
      "server",
    ],
    // Composed and decomposed: two names.
    [[{ prefix: "\u00e9", rule: "open" }], "e\u0301", "granted"],
  ] as const)("%j gives %j the rule %s: the longest prefix decides", (rules, name, rule) => {
    expect(ruleFor(rules, name)).toBe(rule);
  });
});

describe("the list of apps", () => {
  it(`P8.1 holds ${LIMITS.APPS} apps and refuses one more, but not one that it holds`, () => {
    const store = directoryStore();
    const entry = (n: number) => ({ appId: `app${n}`, name: "x", createdAt: n });
    for (let n = 1; n <= LIMITS.APPS; n++) expect(addToDirectory(store, entry(n))).toBe(true);
    expect(addToDirectory(store, entry(LIMITS.APPS + 1))).toBe(false);
    expect(addToDirectory(store, entry(1))).toBe(true);
    expect(store.count()).toBe(LIMITS.APPS);
  });
});

describe("revoked grants", () => {
  const revoke = (store: AppStore, jti: string, expiresAt = 1_000, now = 0) =>
    revokeGrant(store, { jti, expiresAt }, now);

  it("S1 are remembered until they are over, by a mark, and change what the app trusts once", () => {
    const store = appStore();
    expect(revoke(store, "g1")).toBeNull();
    createApp(store, "Shop", 0);
    expect(revoke(store, "g1")).toBe(true);
    expect(store.trust().version).toBe(2);
    for (const until of [900, 1_000]) expect(revoke(store, "g1", until)).toBe(false);
    expect(revoke(store, "g1", 2_000)).toBe(false);
    expect(store.trust().version).toBe(2);
    expect(store.denials()).toEqual([{ kind: "grant", name: grantMark("g1"), expiresAt: 2_000 }]);
    expect(revoke(store, "g2", 3_000, 2_000)).toBe(true);
    expect(denied(store.denials()).revoked).toEqual([grantMark("g2")]);
    expect(store.trust().version).toBe(3);
    store.removeApp();
    expect(store.denials()).toEqual([]);
  });

  it("S1 P8.1 there are so many; the next is refused until one is over", () => {
    const store = appStore();
    createApp(store, "Shop", 0);
    for (let n = 0; n < LIMITS.GRANTS_REVOKED; n++)
      expect(revoke(store, `g${n}`, 1_000 + n)).toBe(true);
    expect(revoke(store, "more", 9_000)).toBe("full");
    expect(revoke(store, "g5", 9_000)).toBe(false);
    expect(store.trust().version).toBe(1 + LIMITS.GRANTS_REVOKED);
    expect(revoke(store, "more", 9_000, 1_000)).toBe(true);
    expect(store.denials()).toHaveLength(LIMITS.GRANTS_REVOKED);
  });
});

describe("a list of revoked grants that somebody has filled", () => {
  it("S1 is emptied, closed tags stay, and what the app trusts changes once", () => {
    const store = appStore();
    expect(forgetGrants(store)).toBeNull();
    createApp(store, "Shop", 0);
    expect(forgetGrants(store)).toBe(0);
    expect(store.trust().version).toBe(1);
    closeTag(store, "news", true);
    for (let n = 0; n < LIMITS.GRANTS_REVOKED; n++)
      revokeGrant(store, { jti: `made-up-${n}`, expiresAt: 9_000 }, 0);
    expect(revokeGrant(store, { jti: "stolen", expiresAt: 9_000 }, 0)).toBe("full");
    const { version } = store.trust();
    expect(forgetGrants(store)).toBe(LIMITS.GRANTS_REVOKED);
    expect(store.trust().version).toBe(version + 1);
    expect(revokeGrant(store, { jti: "stolen", expiresAt: 9_000 }, 0)).toBe(true);
    expect(denied(store.denials())).toEqual({
      revoked: [grantMark("stolen")],
      closedTags: ["news"],
    });
  });
});

describe("closed tags", () => {
  it("S12 are closed and opened once, change what the app trusts each time, and end with the app", () => {
    const store = appStore();
    expect(closeTag(store, "news", true)).toBe(false);
    createApp(store, "Shop", 0);
    expect([true, true].map((isClosed) => closeTag(store, "news", isClosed))).toEqual([
      true,
      false,
    ]);
    expect(denied(store.denials())).toEqual({ revoked: [], closedTags: ["news"] });
    expect(store.trust().version).toBe(2);
    // Grants that are forgotten later take no tag along.
    revokeGrant(store, { jti: "g1", expiresAt: 5 }, 0);
    revokeGrant(store, { jti: "g2", expiresAt: 9 }, 8);
    expect(denied(store.denials())).toEqual({ revoked: [grantMark("g2")], closedTags: ["news"] });
    expect([false, false].map((isClosed) => closeTag(store, "news", isClosed))).toEqual([
      true,
      false,
    ]);
    expect(denied(store.denials()).closedTags).toEqual([]);
    expect(store.trust().version).toBe(5);
  });

  it("S12 P8.1 there are so many", () => {
    const store = appStore();
    createApp(store, "Shop", 0);
    for (let n = 0; n < LIMITS.TAGS_CLOSED; n++) expect(closeTag(store, `t${n}`, true)).toBe(true);
    expect(closeTag(store, "more", true)).toBe("full");
    expect(closeTag(store, "t5", false)).toBe(true);
    expect(closeTag(store, "more", true)).toBe(true);
  });
});
