/** Send tokens on a mesh of one machine, also behind a proxy, and `pushmesh sign`: as a script uses them. */
import { expect, test } from "vitest";
import { listen, run, runJson, type User } from "../support/command.ts";
import { serve } from "../support/mesh.ts";
import { temporaryFolder } from "../support/process.ts";

interface Answer {
  readonly status?: string;
  readonly code?: string;
}

/** Somebody far away, behind a proxy on this machine. */
const FAR = { "x-forwarded-for": "203.0.113.9" };

test("S64 a script sends with a token by one line; S67 in the clear only at loopback", async () => {
  const data = temporaryFolder();
  const user: User = { data, home: temporaryFolder() };
  const mesh = serve(["--data-dir", data, "--port", "0", "--trust-proxy", "127.0.0.1"]);
  const [, url = ""] = /listens on (\S+)/.exec(await mesh.stdout.match(/listens on/)) ?? [];
  await mesh.stdout.match(/Stop: Ctrl-C/);
  const device = await listen(user, "--alias", "ben");

  const [made] = await runJson(user, "key", "create", "--algorithm", "bearer");
  const { keyId, secret } = made as { keyId: string; secret: string };
  expect(secret.startsWith(`pmst_${keyId}.`)).toBe(true);
  const post = async (
    query: string,
    headers: Record<string, string> = {},
    token = secret,
  ): Promise<Answer> => {
    const answer = await fetch(`${url}/v1/messages?${query}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, ...headers },
      body: "hi ☺",
    });
    return answer.json() as Promise<Answer>;
  };

  expect(await post(`to=${device.regId}`)).toMatchObject({ status: "delivered" });
  expect(await device.process.stdout.match(/hi ☺/)).toContain('"data":"hi ☺"');
  expect(await post("alias=ben")).toMatchObject({ results: [{ status: "delivered" }] });
  expect(await post("everyone=true")).toMatchObject({ status: "accepted" });

  // The proxy says by which scheme its client came; a client that says so itself is not believed.
  const query = `to=${device.regId}`;
  expect(await post(query, FAR)).toMatchObject({ code: "send_token_exposed" });
  const secure = { ...FAR, "x-forwarded-proto": "https" };
  expect(await post(query, secure)).toMatchObject({ status: "delivered" });
  for (const scheme of ["http", "HTTP", "https, http", ""])
    expect(await post(query, { ...FAR, "x-forwarded-proto": scheme })).toMatchObject({
      code: "send_token_exposed",
    });
  // It names no client: not even a client on this machine came in the clear then.
  const unnamed = { "x-forwarded-for": "unknown" };
  expect(await post(query, unnamed)).toMatchObject({ code: "send_token_exposed" });
  const plain = { "x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "http" };
  expect(await post(query, plain)).toMatchObject({ code: "send_token_exposed" });
  const forged = { ...FAR, "pushmesh-encrypted": "yes", "pushmesh-client": "127.0.0.1" };
  expect(await post(query, forged)).toMatchObject({ code: "send_token_exposed" });
  const lied = { ...FAR, "cf-connecting-ip": "127.0.0.1", forwarded: "proto=https" };
  expect(await post(query, lied)).toMatchObject({ code: "send_token_exposed" });

  // Guesses of others behind the same proxy keep out nobody whose token has succeeded from there.
  const wrong = `${secret.slice(0, -4)}AAAA`;
  let last: Answer = {};
  for (let n = 0; n < 200 && last.code !== "too_many_failures"; n++)
    last = await post(query, secure, `pmst_${"A".repeat(22)}.k1.${wrong.slice(-43)}`);
  expect(last).toMatchObject({ code: "too_many_failures" });
  expect(await post(query, secure)).toMatchObject({ status: "delivered" });

  await runJson(user, "key", "revoke", keyId);
  expect(await post(query)).toMatchObject({ code: "send_token_invalid" });

  // Signed by hand.
  const body = JSON.stringify({ to: device.regId, data: "signed" });
  const { code, stdout } = await run(user, "sign", "/v1/messages", "--body", body);
  expect(code).toBe(0);
  const lines = stdout.trim().split("\n");
  const headers = lines.map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]);
  const answer = await fetch(`${url}/v1/messages`, { method: "POST", headers, body });
  expect(await answer.json()).toMatchObject({ status: "delivered" });
  const [tags] = await runJson(user, "sign", "/v1/tags?limit=5");
  const read = await fetch(`${url}/v1/tags?limit=5`, {
    headers: (tags as { headers: Record<string, string> }).headers,
  });
  expect(read.status).toBe(200);
  const umlaut = await run(user, "sign", "/v1/aliases/bé");
  expect([umlaut.code, umlaut.stderr]).toEqual([2, expect.stringContaining("/v1/aliases/b%C3%A9")]);
  const noBody = await run(user, "sign", "/v1/tags", "--method", "GET", "--body", "x");
  expect([noBody.code, noBody.stderr]).toEqual([2, expect.stringContaining("a GET has no body")]);
});
