import { describe, expect, it } from "vitest";
import {
  type AppStore,
  addKey,
  createApp,
  type LiveKey,
  liveKeyOf,
  type StoredKey,
} from "../../../core/app/app.ts";
import {
  addToDirectory,
  type DirectoryEntry,
  type DirectoryStore,
} from "../../../core/app/directory.ts";
import { LIMITS } from "../../../schema/limits.ts";

function appStore(): AppStore {
  let app: ReturnType<AppStore["app"]> = null;
  let keys: StoredKey[] = [];
  let last = 0;
  let live: LiveKey | null = null;
  return {
    app: () => app,
    setApp: (made) => {
      app = made;
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
    keysMade: () => last,
    putKeys: (added, made) => {
      keys.push(...added);
      last = made;
    },
    liveKey: () => live,
    setLiveKey: (key) => {
      live = key;
    },
    removeApp: () => {
      const stood = app !== null;
      app = null;
      keys = [];
      live = null;
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
    expect(addKey(appStore(), "hmac-sha256", material, 1)).toBeNull();
  });

  it(`P8.1 holds ${LIMITS.APP_KEYS} keys and refuses one more`, () => {
    const store = appStore();
    createApp(store, "shop", 1);
    for (let n = 1; n <= LIMITS.APP_KEYS; n++) {
      expect(addKey(store, "ed25519", material, n)).toMatchObject({ n, createdAt: n });
    }
    expect(addKey(store, "ed25519", material, 99)).toBe("full");
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
