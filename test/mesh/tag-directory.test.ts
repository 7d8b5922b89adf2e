/** The list of an app's tags as an app server reads it. */
import { expect, test } from "vitest";
import type { BroadcastAnswerBody, TagsAnswerBody } from "../../schema/http.ts";
import { demoOf, startMesh } from "./support/mesh.ts";
import { Phone } from "./support/phone.ts";
import { temporaryFolder } from "./support/process.ts";
import { signedCall } from "./support/signed-call.ts";

/** In byte order of their UTF-8: a character beyond the surrogates comes last. */
const TAGS = [
  "city/Graz",
  "city/Linz",
  "city/Wien",
  "news",
  "news\0flash",
  "news\u{ffff}",
  "news😀",
];

test("T14 an app's tags are listed by prefix, members and last broadcast, in pages", async () => {
  const mesh = await startMesh(temporaryFolder());
  const { appId, keyId, secret } = demoOf(mesh.data);
  const server = { url: mesh.url, keyId, secret };
  const phones = [new Phone(mesh.url, appId), new Phone(mesh.url, appId)];
  const regIds: string[] = [];
  for (const phone of phones) regIds.push(await phone.on());
  for (const tag of TAGS) {
    // Both are in the cities, one in the rest.
    const add = tag.startsWith("city/") ? regIds : regIds.slice(0, 1);
    await signedCall(server, "POST", "/v1/tags/members", { tag, add });
  }
  const toNews = { to: { tag: "news" }, data: "x" };
  await signedCall<BroadcastAnswerBody>(server, "POST", "/v1/messages", toNews);

  const list = (query: Readonly<Record<string, string>>) =>
    signedCall<TagsAnswerBody>(server, "GET", `/v1/tags?${new URLSearchParams(query)}`);
  const namesOf = async (query: Readonly<Record<string, string>>) =>
    (await list(query)).tags.map(({ tag }) => tag);
  // Counts are told some seconds late. The built-in tag of all devices has no name, and is listed.
  await expect
    .poll(async () => (await list({})).tags.map(({ tag, members }) => [tag, members]), {
      timeout: 40_000,
    })
    .toEqual([["", 2], ...TAGS.map((tag) => [tag, tag.startsWith("city/") ? 2 : 1])]);

  const pages: string[][] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const { tags, next }: TagsAnswerBody = await list({
      limit: "3",
      ...(cursor === "" ? {} : { cursor }),
    });
    pages.push(tags.map(({ tag }) => tag));
    cursor = next;
  }
  expect(pages).toEqual([["", ...TAGS.slice(0, 2)], TAGS.slice(2, 5), TAGS.slice(5)]);
  expect(await namesOf({ prefix: "city/", order: "desc" })).toEqual(TAGS.slice(0, 3).reverse());
  expect(await namesOf({ prefix: "news", maxMembers: "1" })).toEqual(TAGS.slice(3));
  expect(await namesOf({ minMembers: "2", sort: "members" })).toEqual(["", ...TAGS.slice(0, 3)]);
  await expect.poll(() => namesOf({ broadcastAfter: "1" })).toEqual(["news"]);
  expect(await namesOf({ sort: "lastBroadcastAt", order: "desc", limit: "1" })).toEqual(["news"]);
  const { next } = await list({ limit: "1" });
  await expect(list({ sort: "members", cursor: next ?? "" })).rejects.toThrow("field_invalid");
});
