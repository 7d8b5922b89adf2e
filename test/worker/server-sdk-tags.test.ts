/** Tags, aliases and broadcasts as an app server has them: by the SDK, at the real edge. */
import { beforeAll, describe, expect, it, vi } from "vitest";
import { createSigningKey, PushServer, type TagBody } from "../../sdk/server/mod.ts";
import { SOON } from "../support/soon.ts";
import { createRecipient, type Recipient } from "./support/fleet.ts";
import { fetchCounting, ORIGIN, problemOf } from "./support/mesh.ts";
import { admin, appAndServer, hostOf } from "./support/sdk.ts";

let appId: string;
let keyId: string;
let key: string;
let push: PushServer;
let one: Recipient;
let two: Recipient;

beforeAll(async () => {
  ({ appId, keyId, key, push } = await appAndServer("tags"));
  one = await createRecipient({ appId });
  two = await createRecipient({ appId });
});

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
/** What came to a tag, of all that came. */
const heard = ({ link }: Recipient, tag: string) =>
  link.broadcasts.flatMap((each) => (each.tag === tag ? [text(each.data)] : []));

describe("push.tags", () => {
  it("T11 adds and removes registrations, with a result of each in their order", async () => {
    const added = await push.tags.add("news", [two.regId, "nonsense", one.regId]);
    expect(added).toMatchObject([
      { regId: two.regId, ok: true },
      { regId: "nonsense", ok: false, error: "reg_id_invalid" },
      { regId: one.regId, ok: true },
    ]);
    expect(await push.tags.get("news")).toMatchObject({ tag: "news", members: 2, live: "token" });
    expect((await push.registration(one.regId)).tags).toContain("news");
    expect(await push.tags.remove("news", two.regId)).toEqual([{ regId: two.regId, ok: true }]);
    expect((await push.tags.get("news")).members).toBe(1);
  });

  it("T12 signs and finds a tag of any name that a path can have", async () => {
    for (const tag of ["a b+c", "é/%2F?#&=", "日本\u{1f600}", "...", "\0\n", "%"]) {
      await push.tags.add(tag, one.regId);
      expect(await push.tags.get(tag)).toMatchObject({ tag, members: 1 });
    }
  });

  it("T14 lists the app's tags by prefix, page after page", async () => {
    const tags = Array.from({ length: 5 }, (_, i) => `list +&/${i}`);
    for (const tag of tags) await push.tags.add(tag, one.regId);
    const all = async () => {
      const found: TagBody[] = [];
      for await (const each of push.tags.list({ prefix: "list +&", limit: 2, order: "desc" }))
        found.push(each);
      return found.map(({ tag }) => tag);
    };
    // The directory is told of a tag some seconds late.
    await expect.poll(all, { timeout: 20_000 }).toEqual([...tags].reverse());
    const { next } = await push.tags.page({ prefix: "list +&", limit: 5 });
    expect(next).toBeNull();
  }, 30_000);

  it("P4.4 throws the mesh's refusals", async () => {
    await expect(push.tags.get("nobody's")).rejects.toMatchObject({ code: "tag_unknown" });
    await expect(push.tags.page({ limit: 101 })).rejects.toMatchObject({
      code: "field_invalid",
      problem: { field: "limit" },
    });
  });
});

describe("push.tags.listenToken", () => {
  /** Whether the real route lets the token listen. */
  async function listens(tag: string, token: string | undefined, query = ""): Promise<string> {
    const path = `/v1/apps/${appId}/tags/${encodeURIComponent(tag)}/live${query}`;
    const headers = new Headers({ accept: "text/event-stream" });
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
    const { response } = await fetchCounting(new Request(ORIGIN + path, { headers }));
    if (response.status !== 200) return (await problemOf(response)).code;
    await response.body?.cancel();
    return "listens";
  }

  it("V3 opens its tag to who has it, and no other", async () => {
    await push.tags.setLive("show/1", "token");
    const token = await push.tags.listenToken("show/1");
    expect(await listens("show/1", token)).toBe("listens");
    expect(await listens("show/1", undefined, `?token=${token}`)).toBe("listens");
    expect(await listens("show/1", undefined)).toBe("listen_token_invalid");
    expect(await listens("show/2", token)).toBe("listen_token_invalid");
  });

  it("V3 opens its tag where an Ed25519 key signed it", async () => {
    const { privateKey, publicKey } = await createSigningKey();
    const made = await admin.createKey(appId, { algorithm: "ed25519", publicKey });
    const by = new PushServer({
      url: ORIGIN,
      keyId: made.keyId,
      key: privateKey,
      host: hostOf().host,
    });
    const token = await by.tags.listenToken("show/é", { ttlSeconds: 1 });
    // The edge may know the app without its new key for a second.
    await expect.poll(() => listens("show/é", token), { timeout: 3_000 }).toBe("listens");
  });

  it("V3 is worth nothing when its time is over, or the tag is closed", async () => {
    const past = new PushServer({
      url: ORIGIN,
      keyId,
      key,
      host: { ...hostOf().host, now: () => Date.now() - 600_000 },
    });
    const old = await past.tags.listenToken("show/3", { ttlSeconds: 60 });
    expect(await listens("show/3", old)).toBe("listen_token_invalid");
    await push.tags.setLive("show/3", "closed");
    const token = await push.tags.listenToken("show/3");
    expect(await listens("show/3", token)).toBe("live_closed");
  });
});

describe("push.aliases", () => {
  it("A1 A2 gives and takes an alias, and tells who holds it", async () => {
    const alias = "user/47 é";
    expect(await push.aliases.add(alias, one.regId)).toEqual([{ regId: one.regId, ok: true }]);
    await push.aliases.add(alias, two.regId);
    expect(await push.aliases.get(alias)).toEqual({ alias, shared: false, regIds: [two.regId] });
    await push.aliases.add(alias, [one.regId], { shared: true });
    const { shared, regIds } = await push.aliases.get(alias);
    expect([shared, [...regIds].sort()]).toEqual([true, [one.regId, two.regId].sort()]);
    await push.aliases.remove(alias, [one.regId, two.regId]);
    await expect(push.aliases.get(alias)).rejects.toMatchObject({ code: "alias_unknown" });
  });

  it("A2 sends to all who hold it, with a result of each", async () => {
    await push.aliases.add("both", [one.regId, two.regId], { shared: true });
    const { results } = await push.send({ to: { alias: "both" }, data: "x" });
    expect(results.map((result) => "status" in result && result.status)).toEqual([
      "delivered",
      "delivered",
    ]);
    const unknown = push.send({ to: { alias: "nobody" }, data: "x" });
    await expect(unknown).rejects.toMatchObject({ code: "alias_unknown" });
  });
});

describe("push.broadcast", () => {
  it("B1 B15 reaches the tag, and its status becomes final", async () => {
    await push.tags.add("sport", [one.regId, two.regId]);
    const { id, status } = await push.broadcast({ to: { tag: "sport" }, data: "goal" });
    expect(status).toBe("accepted");
    await vi.waitFor(async () => {
      expect(await push.status(id)).toMatchObject({ id, status: "sent", acknowledged: 2 });
    }, SOON);
    expect([heard(one, "sport"), heard(two, "sport")]).toEqual([["goal"], ["goal"]]);
  });

  it("B4 is one broadcast, however often its answer is lost", async () => {
    await push.tags.add("lossy", one.regId);
    const lossy = hostOf(async (n, pass) => {
      const response = await pass();
      if (n < 3) throw new TypeError("connection reset");
      return response;
    });
    const by = new PushServer({ url: ORIGIN, keyId, key, host: lossy.host });
    const { id } = await by.broadcast({ to: { tag: "lossy" }, data: "once" });
    await vi.waitFor(async () => {
      expect(await push.status(id)).toMatchObject({ status: "sent", acknowledged: 1 });
    }, SOON);
    expect(heard(one, "lossy")).toEqual(["once"]);
  });

  it("B22 takes an expression, a filter, a pace and everyone", async () => {
    await push.tags.add("a", [one.regId, two.regId]);
    await push.tags.add("b", two.regId);
    const condition = { all: [{ tag: "a" }, { not: { tag: "b" } }] };
    const to = { condition };
    const { id } = await push.broadcast({ to, data: "only one", pace: 1_000, ttl: 60 });
    await vi.waitFor(async () => {
      expect(await push.status(id)).toMatchObject({ status: "sent", acknowledged: 1, filtered: 1 });
    }, SOON);
    expect([heard(one, "a"), heard(two, "a")]).toEqual([["only one"], []]);
    const filter = { platform: ["web"], attributes: { tier: ["gold"] } };
    const filtered = await push.broadcast({ to: { everyone: true }, data: "web", filter });
    await vi.waitFor(async () => {
      expect(await push.status(filtered.id)).toMatchObject({ status: "sent", filtered: 2 });
    }, SOON);
  });

  it("P4.4 throws the mesh's refusals, with the key to go on by", async () => {
    const nowhere = push.broadcast(
      { to: { tag: "nowhere" }, data: "x" },
      { idempotencyKey: "order-2" },
    );
    await expect(nowhere).rejects.toMatchObject({ code: "tag_unknown", idempotencyKey: "order-2" });
  });
});
