/** Guesses of operators' tokens, and those whom they must not lock out. */
import { expect, it } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import { env, fetchCounting, ORIGIN, problemOf, UNTOUCHED } from "./support/mesh.ts";

async function ask(token: string, from: string | null) {
  const headers = new Headers({ authorization: `Bearer ${token}` });
  if (from !== null) headers.set("cf-connecting-ip", from);
  const { response, touched } = await fetchCounting(new Request(`${ORIGIN}/v1/apps`, { headers }));
  const code = response.status < 400 ? "right" : (await problemOf(response)).code;
  return { code, touched, retryAfter: Number(response.headers.get("retry-after")) };
}

/** How many wrong tokens are checked before one is refused unchecked. */
async function guess(from: string | null, most: number): Promise<number> {
  for (let n = 0; n < most; n++)
    if ((await ask(`wrong-${n}`, from)).code !== "admin_token_invalid") return n;
  return most;
}

it("S63 wrong admin tokens of a network are soon refused unchecked, and a right one with them", async () => {
  expect(await guess("2001:db8:7::1", 100)).toBe(LIMITS.GUESSES_BURST);
  const { code, touched, retryAfter } = await ask("wrong", "2001:db8:7::2");
  expect([code, touched]).toEqual(["too_many_failures", UNTOUCHED]);
  expect(retryAfter).toBeGreaterThan(0);
  expect(retryAfter).toBeLessThanOrEqual(LIMITS.GUESS_MS / 1_000);
  // Otherwise a guesser would still be told which one is right.
  expect((await ask(env.ADMIN_TOKEN, "2001:db8:7::3")).code).toBe("too_many_failures");
  // Whoever has a right one elsewhere is let in there.
  expect((await ask(env.ADMIN_TOKEN, "2001:db8:8::1")).code).toBe("right");
});

it("S63 an operator who was let in is let in again from there, whatever others do behind the same address", async () => {
  const office = "192.0.2.77";
  expect((await ask(env.ADMIN_TOKEN, office)).code).toBe("right");
  expect(await guess(office, 100)).toBe(LIMITS.GUESSES_BURST);
  for (let n = 0; n < 20; n++) expect((await ask(env.ADMIN_TOKEN, office)).code).toBe("right");
  expect((await ask(`${env.ADMIN_TOKEN}x`, office)).code).toBe("too_many_failures");
});

it("S63 nothing is counted at loopback, nor for the socket of the data folder", async () => {
  expect(await guess("127.0.0.1", 50)).toBe(50);
  expect(await guess(null, 50)).toBe(50);
});
