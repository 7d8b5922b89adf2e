/** Aliases, tags and broadcasts of a mesh that is moved from host to host: nobody misses one, and nobody sees one twice. */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import type {
  AliasAnswerBody,
  BroadcastAnswerBody,
  BroadcastStatusBody,
  RegistrationAnswerBody,
  TagAnswerBody,
  TagsAnswerBody,
} from "../../../schema/http.ts";
import type { HostName } from "../../support/host.ts";
import { runJson, type User } from "../support/command.ts";
import { demoOf, startMesh } from "../support/mesh.ts";
import { Phone } from "../support/phone.ts";
import { temporaryFolder } from "../support/process.ts";
import { type AppServer, signedCall } from "../support/signed-call.ts";

const DIRECTIONS: [from: HostName, to: HostName][] = [
  ["workerd", "deno"],
  ["deno", "workerd"],
];
/** Members of a node: so few that the tags have trees. */
const NODE_MEMBERS = "2";
const PHONES = 6;
/** With all that a name may hold. */
const TAG = 'новости\0/"1"';

/** The lines of an export that are the same wherever they are written, in an order that is; refs are given anew. */
function contents(file: string): string[] {
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  return lines
    .slice(1, -1)
    .map((line) => line.replace(/"ref":\d+/, '"ref":0'))
    .sort();
}

test.each(DIRECTIONS)(
  "M1 a mesh moved from %s to %s has its aliases, tags, trees and broadcasts, and each device every broadcast once",
  async (from, to) => {
    vi.stubEnv("PUSHMESH_NODE_MEMBERS", NODE_MEMBERS);
    const first = await startMesh(temporaryFolder(), 0, from);
    vi.unstubAllEnvs();
    const { appId, keyId, secret } = demoOf(first.data);
    const server: AppServer = { url: first.url, keyId, secret };
    const call = <Answer>(method: "GET" | "POST", path: string, body?: object) =>
      signedCall<Answer>(server, method, path, body);
    const broadcast = async (to: object) =>
      (await call<BroadcastAnswerBody>("POST", "/v1/messages", { to, data: "x" })).id;
    const statusOf = (id: string) => call<BroadcastStatusBody>("GET", `/v1/messages/${id}`);
    const hasEnded = (id: string) =>
      expect.poll(async () => (await statusOf(id)).status, { timeout: 20_000 }).toBe("sent");
    const liveKey = async () => (await fetch(`${first.url}/v1/apps/${appId}/live-key`)).text();

    const phones = Array.from({ length: PHONES }, () => new Phone(first.url, appId));
    const regIds: string[] = [];
    for (const phone of phones) regIds.push(await phone.on());
    const [owner, second, third, fourth, sleeper, offline] = phones as [
      Phone,
      Phone,
      Phone,
      Phone,
      Phone,
      Phone,
    ];
    await call("POST", "/v1/tags/members", { tag: TAG, add: regIds });
    await owner.client.setAlias("desk\0");
    for (const phone of [second, third]) await phone.client.setAlias("user", { shared: true });
    await owner.client.setAttributes({ platform: "web", custom: { plan: "free" } });
    const key = await liveKey();

    // To all; to all but who is away; and one that is accepted as the mesh is killed.
    const toAll = await broadcast({ tag: TAG });
    await Promise.all(phones.map((phone) => phone.hasShown(1)));
    await hasEnded(toAll);
    for (const phone of [sleeper, offline]) phone.off();
    const toSome = await broadcast({
      condition: { all: [{ tag: TAG }, { not: { tag: "none" } }] },
    });
    await Promise.all([owner, second, third, fourth].map((phone) => phone.hasShown(2)));
    await hasEnded(toSome);
    for (const phone of phones) phone.off();
    // Counts are told some seconds late.
    const tagOf = () => call<TagAnswerBody>("GET", `/v1/tags/${encodeURIComponent(TAG)}`);
    await expect.poll(async () => (await tagOf()).members, { timeout: 40_000 }).toBe(PHONES);
    const before = await tagOf();
    expect(before.depth).toBeGreaterThan(1);
    const directory = () =>
      call<TagsAnswerBody>("GET", `/v1/tags?prefix=${encodeURIComponent("нов")}`);
    await expect
      .poll(async () => (await directory()).tags, { timeout: 30_000 })
      .toMatchObject([{ tag: TAG, members: PHONES, lastBroadcastAt: expect.any(Number) }]);
    const cut = await broadcast({ everyone: true });
    first.process.kill("SIGKILL");
    await first.process.exited;

    const file = join(temporaryFolder(), "mesh.ndjson");
    const operator: User = { data: first.data, home: temporaryFolder() };
    const counts = { aliases: 2, subscriptions: 2 * PHONES, broadcasts: 3 };
    expect(await runJson(operator, "export", "--to", file)).toMatchObject([counts]);
    const importer: User = { ...operator, data: join(temporaryFolder(), "new") };
    expect(await runJson(importer, "import", "--from", file, "--host", to)).toMatchObject([counts]);
    const again = join(temporaryFolder(), "again.ndjson");
    await runJson(importer, "export", "--to", again);
    expect(contents(again)).toEqual(contents(file));

    vi.stubEnv("PUSHMESH_NODE_MEMBERS", NODE_MEMBERS);
    const next = await startMesh(importer.data, Number(new URL(first.url).port), to);
    vi.unstubAllEnvs();
    expect(next.url).toBe(first.url);
    expect(await Promise.all(phones.map((phone) => phone.on()))).toEqual(regIds);
    await Promise.all(phones.map((phone) => phone.hasShown(3)));
    await hasEnded(cut);
    const after = await broadcast({ tag: TAG });
    await Promise.all(phones.map((phone) => phone.hasShown(4)));
    await hasEnded(after);
    for (const phone of phones) {
      expect([...phone.shown].sort()).toEqual([toAll, toSome, cut, after].sort());
      // In order of the tag's log; the one to all devices is in another.
      expect(phone.shown.filter((id) => id !== cut)).toEqual([toAll, toSome, after]);
    }
    // The same to whoever asks.
    expect(await statusOf(toAll)).toMatchObject({ status: "sent", members: PHONES });
    expect(await statusOf(after)).toMatchObject({ status: "sent", members: PHONES });
    expect(await tagOf()).toMatchObject({
      members: PHONES,
      nodes: before.nodes,
      depth: before.depth,
    });
    expect((await directory()).tags).toMatchObject([{ tag: TAG, members: PHONES }]);
    const aliasOf = (alias: string) =>
      call<AliasAnswerBody>("GET", `/v1/aliases/${encodeURIComponent(alias)}`);
    expect(await aliasOf("desk\0")).toMatchObject({ shared: false, regIds: [regIds[0]] });
    expect((await aliasOf("user")).regIds.toSorted()).toEqual([regIds[1], regIds[2]].sort());
    expect(
      await call<RegistrationAnswerBody>("GET", `/v1/registrations/${regIds[0]}`),
    ).toMatchObject({
      tags: expect.arrayContaining([TAG]),
      aliases: ["desk\0"],
      attributes: { platform: "web", custom: { plan: "free" } },
      connected: true,
    });
    const byAlias = { to: { alias: "desk\0" }, data: "to the desk" };
    await call("POST", "/v1/messages", byAlias);
    await owner.hasShown(5);
    expect(await liveKey()).toBe(key);
  },
);

/** An export as the version before wrote it, which knew neither tags nor aliases. */
function asFirstVersion(file: string): string {
  const known = ["header", "secrets", "demo", "app", "device", "registration", "mail"];
  const lines = readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))
    .filter(({ kind }) => known.includes(kind))
    .map(({ liveKey: _, attributes: __, firstAckAlias: ___, ...line }) => line);
  lines[0].version = 1;
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  const sha256 = createHash("sha256").update(text).digest("hex");
  const older = `${file}.1`;
  writeFileSync(older, `${text}${JSON.stringify({ kind: "end", lines: lines.length, sha256 })}\n`);
  return older;
}

test.each(DIRECTIONS)(
  "M1 a mesh whose export %s wrote before there were tags runs on %s, and its devices join the tag of all devices",
  async (from, to) => {
    const first = await startMesh(temporaryFolder(), 0, from);
    const { appId, keyId, secret } = demoOf(first.data);
    const phone = new Phone(first.url, appId);
    const regId = await phone.on();
    phone.off();
    first.process.kill("SIGTERM");
    expect(await first.process.exited).toBe(0);
    const file = join(temporaryFolder(), "mesh.ndjson");
    const operator: User = { data: first.data, home: temporaryFolder() };
    await runJson(operator, "export", "--to", file);
    const importer: User = { ...operator, data: join(temporaryFolder(), "new") };
    await runJson(importer, "import", "--from", asFirstVersion(file), "--host", to);

    await startMesh(importer.data, Number(new URL(first.url).port), to);
    expect(await phone.on()).toBe(regId);
    const server: AppServer = { url: first.url, keyId, secret };
    const tagsOf = async () =>
      (await signedCall<RegistrationAnswerBody>(server, "GET", `/v1/registrations/${regId}`)).tags;
    // The built-in tag is no tag of the app's.
    expect(await tagsOf()).toEqual([]);
    const body = { to: { everyone: true }, data: "x" };
    const sent = () => signedCall<BroadcastAnswerBody>(server, "POST", "/v1/messages", body);
    // It joins soon after its hello; the tag is unknown until the first has.
    let id = "";
    await expect
      .poll(async () => {
        ({ id } = await sent());
        return id;
      })
      .not.toBe("");
    await phone.hasShown(1);
    expect(phone.shown).toEqual([id]);
  },
);
