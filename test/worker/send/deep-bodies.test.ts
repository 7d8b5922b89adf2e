/** Bodies that are nested deeper than anything that the mesh takes. */
import { describe, expect, it } from "vitest";
import { isTooDeep, JSON_DEPTH } from "../../../worker/request/json-text.ts";
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
    expect(isTooDeep(text)).toBe(isDeep);
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
