/** What the server SDK sends when a call is tried again: changes are copies of one signed request, all else is signed anew. */
import { describe, expect, test } from "vitest";
import { LIMITS } from "../../../schema/limits.ts";
import { PushServer, PushServerError, UndecidedError } from "../../../sdk/server/mod.ts";

const REPLAYED = { code: "request_replayed", detail: "", advice: "", retry: "reauthenticate" };
const OVERLOADED = { code: "overloaded", detail: "", advice: "", retry: "later" };

type Answer = () => Response;
const lost: Answer = () => {
  throw new TypeError("connection reset");
};
const refused =
  (status: number, body: object): Answer =>
  () =>
    Response.json(body, { status });
const done: Answer = () => Response.json({ results: [], status: "queued" });

/** A server whose mesh gives one answer after the other, a second each, and then the last one for ever. */
function serverOf(answers: readonly Answer[], retryForMs?: number) {
  let now = 1_790_000_000_000;
  const signatures: (string | null)[] = [];
  const push = new PushServer({
    url: "https://push.example.com",
    keyId: "app.k1",
    key: Buffer.alloc(32, 7).toString("base64url"),
    ...(retryForMs === undefined ? {} : { retryForMs }),
    host: {
      now: () => now,
      random: () => 1,
      sleep: async (ms) => {
        now += ms;
      },
      fetch: async (_, { headers }) => {
        const answer = answers[signatures.length] ?? answers.at(-1) ?? done;
        signatures.push(new Headers(headers).get("signature"));
        now += 1_000;
        return answer();
      },
    },
  });
  return { push, signatures, begunAt: now, now: () => now };
}

const CHANGES: readonly (readonly [string, (push: PushServer) => Promise<unknown>])[] = [
  ["aliases.add", (push) => push.aliases.add("a", "r")],
  ["aliases.remove", (push) => push.aliases.remove("a", "r")],
  ["tags.add", (push) => push.tags.add("t", "r")],
  ["tags.remove", (push) => push.tags.remove("t", "r")],
  ["tags.setLive", (push) => push.tags.setLive("t", "open")],
];

describe.each(CHANGES)("A6 %s", (_, change) => {
  test("A6 is tried again as a copy of one signed request", async () => {
    const { push, signatures } = serverOf([lost, refused(503, OVERLOADED), lost, done]);
    await change(push);
    expect(signatures).toHaveLength(4);
    expect(new Set(signatures).size).toBe(1);
  });

  test("A6 whose answer was lost is not asked for anew: what came of it is not known", async () => {
    const { push, signatures } = serverOf([lost, refused(409, REPLAYED)]);
    const error = await change(push).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(UndecidedError);
    expect(error).toMatchObject({ code: "outcome_unknown", retry: "never", status: 409 });
    expect(signatures).toHaveLength(2);
  });

  test("A6 is given up before its signature is too old, and not signed anew", async () => {
    const { push, signatures, begunAt, now } = serverOf([lost], 600_000);
    await expect(change(push)).rejects.toMatchObject({ code: "network_failed" });
    expect(new Set(signatures).size).toBe(1);
    expect(now() - begunAt).toBeLessThan(LIMITS.SIGNATURE_MAX_AGE_SECONDS * 1_000);
    expect(now() - begunAt).toBeGreaterThan(200_000);
  });
});

test("a port that fetch refuses fails the call at once, by the name of the option", async () => {
  const retried: number[] = [];
  const push = new PushServer({
    // A service of old has it (https://fetch.spec.whatwg.org/#port-blocking).
    url: "http://127.0.0.1:1",
    keyId: "app.k1",
    key: Buffer.alloc(32, 7).toString("base64url"),
    retryForMs: 1_000,
    onRetry: (_, attempt) => retried.push(attempt),
  });
  await expect(push.status("a.b")).rejects.toMatchObject({
    code: "option_invalid",
    retry: "never",
    message: "url: fetch refuses the port of http://127.0.0.1:1",
  });
  expect(retried).toEqual([]);
});

test("A6 two changes that are alike are two", async () => {
  const { push, signatures } = serverOf([done]);
  await push.aliases.add("a", "r");
  await push.aliases.add("a", "r");
  expect(new Set(signatures).size).toBe(2);
});

test.each([
  ["a send", (push: PushServer) => push.send({ to: "r", data: { n: 1 } })],
  ["a question", (push: PushServer) => push.aliases.get("a")],
])("P2.2 %s is signed anew each time, for as long as it is tried", async (_, ask) => {
  const { push, signatures, begunAt, now } = serverOf([lost], 600_000);
  await expect(ask(push)).rejects.toBeInstanceOf(PushServerError);
  expect(new Set(signatures).size).toBe(signatures.length);
  expect(now() - begunAt).toBeGreaterThan(LIMITS.SIGNATURE_MAX_AGE_SECONDS * 1_000);
});
