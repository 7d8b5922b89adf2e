/** The check of all answers that tests receive can fail: each wrong answer here has one fault. */
import { describe, expect, it } from "vitest";
import { ERRORS, type ErrorCode } from "../../schema/errors.ts";
import { faultsOf, type Received } from "../support/contract.ts";

const JSON_TYPE = { "content-type": "application/json" };

function answer(
  { method = "GET", path, status = 200 }: { method?: string; path: string; status?: number },
  body: unknown,
  headers: Readonly<Record<string, string>> = JSON_TYPE,
): Received {
  const text = body === null ? "" : JSON.stringify(body);
  return { method, path, status, headers: new Headers(headers), body: text };
}

function refusal(
  request: { method?: string; path: string },
  code: ErrorCode,
  fields: Readonly<Record<string, unknown>> = {},
  headers: Readonly<Record<string, string | null>> = {},
): Received {
  const { status, title, advice, retry } = ERRORS[code];
  const type = `urn:pushmesh:error:${code}`;
  const body = { type, title, status, code, detail: "…", retry, advice, ...fields };
  const all = {
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    ...(status === 401 && { "www-authenticate": "Signature" }),
    ...(status === 503 && { "retry-after": "1" }),
    ...headers,
  };
  const given = Object.entries(all).filter((field): field is [string, string] => field[1] !== null);
  return answer({ ...request, status: status ?? 0 }, body, Object.fromEntries(given));
}

const SEND = { method: "POST", path: "/v1/messages" };
const STATUS = { path: "/v1/messages/1k.B4" };
const HEALTH = {
  ...JSON_TYPE,
  "cache-control": "no-store",
  "access-control-allow-origin": "*",
};
const sent = { id: "1k.B4", status: "delivered", tookMs: 1 };
const app = { appId: "a", name: "Shop", createdAt: 1 };

describe("right answers", () => {
  it.each([
    answer(SEND, sent, { ...JSON_TYPE, location: "/v1/messages/1k.B4" }),
    answer({ ...SEND, status: 202 }, { ...sent, status: "accepted" }),
    answer({ path: "/healthz" }, { status: "ok", now: 1 }, HEALTH),
    answer({ path: "/healthz", method: "HEAD" }, null, HEALTH),
    answer({ path: "/v1/apps/a", method: "DELETE", status: 204 }, null, {}),
    answer({ path: "/v1/apps", method: "POST", status: 201 }, app),
    answer({ path: "/v1/tags?limit=1" }, { tags: [], next: null }, { ...JSON_TYPE, etag: '"e"' }),
    refusal(SEND, "unregistered"),
    refusal(STATUS, "signature_missing"),
    refusal(STATUS, "overloaded"),
    refusal({ path: "/v1/nowhere" }, "not_found"),
    refusal({ path: "/v1/apps/a/nowhere" }, "admin_token_invalid"),
    refusal(
      { path: "/v1/tags/members", method: "PUT" },
      "method_not_allowed",
      {},
      { allow: "GET, POST" },
    ),
  ])("$method $path $status $body", (received) => {
    expect(faultsOf(received)).toEqual([]);
  });
});

describe("wrong answers", () => {
  it.each([
    ["a field too many", answer(SEND, { ...sent, device: "d" }), /unrecognized_keys.*device/],
    ["a field too few", answer(SEND, { id: "1k.B4", status: "delivered" }), /tookMs/],
    ["a field of another type", answer(SEND, { ...sent, tookMs: "1" }), /tookMs/],
    ["a word that is none", answer(STATUS, { id: "1", status: "lost", acceptedAt: 1 }), /lost/],
    ["what is no JSON", { ...answer(SEND, sent), body: "{" }, /SyntaxError/],
    [
      "another type of content",
      answer(SEND, sent, { "content-type": "text/plain" }),
      /text\/plain/,
    ],
    ["an undeclared status", answer({ ...SEND, status: 201 }, sent), /201: undeclared answer/],
    [
      "a body where there is none",
      answer({ path: "/v1/apps/a", method: "DELETE", status: 204 }, app, {}),
      /has a body/,
    ],
    [
      "an undeclared header",
      answer(STATUS, { id: "1", status: "queued", acceptedAt: 1 }, { ...JSON_TYPE, location: "/" }),
      /location/,
    ],
    [
      "a header that is missing",
      answer(
        { path: "/healthz" },
        { status: "ok", now: 1 },
        { ...JSON_TYPE, "access-control-allow-origin": "*" },
      ),
      /no header cache-control/,
    ],
    [
      "no CORS",
      answer(
        { path: "/healthz" },
        { status: "ok", now: 1 },
        { ...JSON_TYPE, "cache-control": "no-store" },
      ),
      /CORS/,
    ],
    [
      "CORS of a closed route",
      answer(SEND, sent, { ...JSON_TYPE, "access-control-allow-origin": "*" }),
      /CORS/,
    ],
    ["a code of another route", refusal(STATUS, "mailbox_full"), /undeclared code mailbox_full/],
    ["a code that there is not", refusal(STATUS, "unregistered", { code: "gone" }), /no such code/],
    ["another status in the body", refusal(SEND, "unregistered", { status: 400 }), /status is 400/],
    ["another title", refusal(SEND, "unregistered", { title: "Gone." }), /title is Gone/],
    ["no challenge", refusal(STATUS, "key_unknown", {}, { "www-authenticate": null }), /www-auth/],
    ["no pause", refusal(STATUS, "overloaded", {}, { "retry-after": null }), /retry-after/],
    [
      "a pause of no length",
      refusal(STATUS, "overloaded", {}, { "retry-after": "0" }),
      /retry-after is 0/,
    ],
    [
      "another Allow",
      refusal(
        { path: "/v1/tags", method: "PUT" },
        "method_not_allowed",
        {},
        { allow: "GET, POST" },
      ),
      /allow is GET, POST, not GET/,
    ],
    ["a route that is there", refusal(STATUS, "not_found"), /undeclared code not_found/],
  ])("%s", (_, received, fault) => {
    expect(faultsOf(received).join("\n")).toMatch(fault);
  });
});
