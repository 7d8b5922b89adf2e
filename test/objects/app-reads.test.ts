/** Rows that an app's object reads, as SQLite counts them. */
import { evictDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import type { AdmitRequest } from "../../core/app/admission.ts";
import { mesh, openedApp } from "./support/client.ts";
import { countReads } from "./support/reads.ts";

const REQUEST: AdmitRequest = {
  ...{ device: "ZGV2aWNl", regId: null, grant: null, held: null, kind: "register" },
};

test("S1 P6.7 an app's object reads its denials and keys once: admissions and lookups after that read no row, and see each change", async () => {
  const { appId } = await openedApp();
  const stub = mesh.APPS.getByName(appId);
  const far = Date.now() + 1_000_000;
  for (let n = 0; n < 20; n++) await stub.revokeGrant(`g${n}`, far);
  for (let n = 0; n < 5; n++) await stub.closeTag(`t${n}`, true);
  const reads = await countReads(stub);
  await evictDurableObject(stub);
  reads.reset();
  expect(await stub.admit(REQUEST)).toMatchObject({ ok: true, trustVersion: 26 });
  expect(await reads.rows()).toBeGreaterThanOrEqual(25);
  reads.reset();
  for (const device of ["a", "b"]) {
    const answer = await stub.admit({ ...REQUEST, device });
    expect(answer).toMatchObject({ ok: true, policy: { closedTags: { length: 5 } } });
  }
  expect(await reads.rows()).toBe(0);
  await stub.record();
  // The quota's row is not kept, because leases change it.
  expect(await reads.rows()).toBeLessThanOrEqual(1);
  expect(await stub.closeTag("t1", false)).toBe(true);
  expect(await stub.revokeGrant("g20", far)).toBe(true);
  const key = await stub.addKey("hmac-sha256", new Uint8Array(32));
  expect(await stub.admit(REQUEST)).toMatchObject({
    ...{ ok: true, trustVersion: 28, policy: { closedTags: { length: 4 } } },
  });
  const changed = await stub.record();
  expect(changed?.revoked).toHaveLength(21);
  expect(changed?.keys).toEqual([key]);
  expect(await stub.revokeKey(changed?.keys[0]?.keyId ?? "")).toBe(true);
  expect((await stub.record())?.keys).toEqual([]);
  expect(await stub.remove()).toBe(true);
  expect(await stub.admit(REQUEST)).toMatchObject({ ok: false, code: "app_unknown" });
  expect(await stub.record()).toBeNull();
});
