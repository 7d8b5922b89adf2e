/** The stages of a rotation: processes of two adjacent stages run at once, and take what the other sealed. */
import { describe, expect, it } from "vitest";
import { openAppId, sealAppId } from "../../../core/identity/app-id.ts";
import { openCredential, sealCredential } from "../../../core/identity/credential.ts";
import { deviceIdOf } from "../../../core/identity/device-id.ts";
import type { Keyring } from "../../../core/identity/keyring.ts";
import { lastingRegId, openRegId, sealRegId } from "../../../core/identity/reg-id.ts";
import { StoredSecrets } from "../../../core/identity/stored-secrets.ts";
import { openSource, sealSource } from "../../../core/tag/name.ts";
import { masterText, ring } from "./fixtures.ts";

const [one, two, three] = [1, 2, 3].map((kid) => `${kid}:${masterText(kid * 40)}`);
/** What docs/operations/README.md says to do, step by step. */
const STAGES: readonly Keyring[] = [
  `${one}`,
  `${two};accept,${one}`,
  `${two},${one}`,
  `${three};accept,${two},${one}`,
  `${three},${two},${one}`,
].map(ring);
/** The last step, once nothing is in use any more that the key in the middle sealed. */
const DROPPED = ring(`${three},${one}`);

const deviceId = new Uint8Array(16).fill(3);
const publicKey = new Uint8Array(32).fill(4);
const app = new Uint8Array(8).fill(5);
const secret = new Uint8Array(32).fill(6);
const parts = { deviceId, app, generation: 1 };
const tagId = "AAAAAAAAAAAAAAAAAAAAAA";

/** What `opener` makes of everything that `sealer` seals. */
const openAll = (sealer: Keyring, opener: Keyring) => ({
  regId: openRegId(opener, sealRegId(sealer, parts)),
  appId: openAppId(opener, sealAppId(sealer, app)),
  credential: openCredential(
    opener,
    sealCredential(sealer, { deviceId, generation: 1, publicKey }),
  ),
  source: openSource(opener, "app", sealSource(sealer, "app", tagId)),
  secret: new StoredSecrets(opener, "app").open(
    "key 1",
    new StoredSecrets(sealer, "app").seal("key 1", secret),
  )?.secret,
});

const ALL = {
  regId: parts,
  appId: app,
  credential: { deviceId, generation: 1, publicKey },
  source: tagId,
  secret,
};

describe("a rotation of the mesh keys", () => {
  const pairs = [...STAGES.entries()].slice(1).flatMap(([n, after]) => {
    const before = STAGES[n - 1] ?? after;
    return [
      [`${n - 1} and ${n}`, before, after] as const,
      [`${n} and ${n - 1}`, after, before] as const,
    ];
  });

  it.each(pairs)("S41 refuses nothing between the processes of stages %s", (_, sealer, opener) => {
    expect(openAll(sealer, opener)).toEqual(ALL);
  });

  it("S41 refuses nothing that the newest key sealed once the key in the middle is gone", () => {
    const before = STAGES.at(-1) ?? DROPPED;
    expect(openAll(before, DROPPED)).toEqual(ALL);
    expect(openAll(DROPPED, before)).toEqual(ALL);
    // What it sealed itself is void, apart from names, which the last key makes.
    const sealed = openAll(STAGES[2] ?? DROPPED, DROPPED);
    expect(sealed).toEqual({ appId: app, source: tagId });
  });

  it("S41 changes no name of a device or of an app, and no identity of a registration", () => {
    for (const keyring of [...STAGES, DROPPED]) {
      const [first = keyring] = STAGES;
      expect(deviceIdOf(keyring, [], publicKey)).toEqual(deviceIdOf(first, [], publicKey));
      expect(sealAppId(keyring, app)).toBe(sealAppId(first, app));
      expect(sealSource(keyring, "app", tagId)).toBe(sealSource(first, "app", tagId));
      const regId = sealRegId(keyring, parts);
      expect(lastingRegId(keyring, parts, regId)).toBe(sealRegId(first, parts));
    }
  });

  it("S41 skipping the first step would refuse what the new key sealed", () => {
    const [before = DROPPED, , after = DROPPED] = STAGES;
    expect(openAll(after, before)).toEqual({ appId: app, source: tagId });
  });
});
