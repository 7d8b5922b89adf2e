/** Bodies that cost more to read than anything that the mesh takes: nested deep, or with objects of many members. */
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../../schema/limits.ts";
import { costlyJson, JSON_DEPTH } from "../../../worker/request/json-text.ts";
import { createApp, signed } from "../support/app.ts";
import { fetchCounting, problemOf, UNTOUCHED } from "../support/mesh.ts";

const nested = (depth: number, pad = "") => `${"[".repeat(depth)}${pad}${"]".repeat(depth)}`;
const LONG = `"${" ".repeat(5_000)}"`;

describe("P8.14 JSON is searched for depth", () => {
  it.each([
    ["as deep as it may be", nested(JSON_DEPTH, LONG), false],
    ["one deeper", nested(JSON_DEPTH + 1, LONG), true],
    ["objects", `${'{"a":'.repeat(JSON_DEPTH + 1)}${LONG}${"}".repeat(JSON_DEPTH + 1)}`, true],
    ["never closed", "[".repeat(100_000), true],
    ["closed as often", `[${"[],".repeat(3_000)}1]`, false],
    ["in a string", `["${"[".repeat(9_000)}"]`, false],
    ["in a string with escapes", String.raw`["\\\"${"[".repeat(9_000)}\\"]`, false],
    ["after a string with escapes", String.raw`["\\",${nested(9_000)}]`, true],
    ["in a string that never ends", `["${"[".repeat(9_000)}`, false],
  ])("%s", (_, text, isDeep) => {
    expect(costlyJson(text)).toEqual(isDeep ? expect.stringContaining(`${JSON_DEPTH} deep`) : null);
  });

  const many = (count: number) =>
    Array.from({ length: count }, (_, at) => `"member${at}":0`).join();

  it.each([
    ["as many as there may be", `{${many(LIMITS.JSON_MEMBERS)}}`, false],
    ["one more", `{${many(LIMITS.JSON_MEMBERS + 1)}}`, true],
    ["deep inside", nested(64, `{${many(LIMITS.JSON_MEMBERS + 1)}}`), true],
    [
      "of several objects",
      `[{${many(LIMITS.JSON_MEMBERS)}},{${many(LIMITS.JSON_MEMBERS)}}]`,
      false,
    ],
    [
      "around another object",
      `{"a":{${many(LIMITS.JSON_MEMBERS)}},${many(LIMITS.JSON_MEMBERS)}}`,
      true,
    ],
    ["colons in a string", `{"a":"${":".repeat(9_000)}"}`, false],
  ])("P8.14 JSON is searched for members: %s", (_, text, isMany) => {
    expect(costlyJson(text)).toEqual(
      isMany ? expect.stringContaining(`${LIMITS.JSON_MEMBERS} members`) : null,
    );
  });

  it("P8.14 any body is refused for its members, before they are read", async () => {
    const app = await createApp();
    const members = `{"data":{${many(9_000)}}}`;
    for (const path of ["/v1/messages", "/v1/messages/batch"]) {
      const body = path === "/v1/messages" ? members : `{"messages":[${members}]}`;
      const { response } = await fetchCounting(await signed(app, { path, body }));
      const { code, detail } = await problemOf(response);
      expect([path, code]).toEqual([path, "body_invalid"]);
      expect(detail).toContain(String(LIMITS.JSON_MEMBERS));
    }
  });

  it("P8.14 a message of a batch is as long as any message may be", async () => {
    const app = await createApp();
    const long = `{"to": "a", "data": "${"x".repeat(LIMITS.MESSAGE_BODY_BYTES)}"}`;
    const body = `{"messages": [${long}, {"to": "a", "data": "x"}]}`;
    const { response } = await fetchCounting(
      await signed(app, { path: "/v1/messages/batch", body }),
    );
    expect(await response.json()).toMatchObject({
      results: [{ error: "body_too_large" }, { error: "reg_id_invalid" }],
    });
  });

  it("P8.14 a batch is refused, and touches no object", async () => {
    const app = await createApp();
    // Loads the app.
    await fetchCounting(await signed(app, { method: "GET", path: "/v1/messages/none" }));
    const body = `{"messages":[${nested(200_000)}]}`;
    const request = await signed(app, { path: "/v1/messages/batch", body });
    const { response, touched } = await fetchCounting(request);
    expect(await problemOf(response)).toMatchObject({ code: "body_invalid" });
    expect(touched).toEqual(UNTOUCHED);
  });
});
