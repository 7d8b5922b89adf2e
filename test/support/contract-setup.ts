/**
 * Set-up of every project that calls a mesh: each answer that a test gets by `fetch` is held to the table of routes, and a test that
 * got a wrong one fails.
 */
import { afterAll, afterEach, expect } from "vitest";
import { checkAnswer, checked } from "./checked-answers.ts";

async function requireNoFaults(): Promise<void> {
  const { faults, pending } = checked();
  await Promise.all(pending);
  expect(faults.splice(0), "answers that schema/http tells nothing of").toEqual([]);
}

afterEach(requireNoFaults);
afterAll(requireNoFaults);

const WRAPPED = Symbol.for("pushmesh.checked-fetch");
const own = globalThis as typeof globalThis & { [WRAPPED]?: true };
if (own[WRAPPED] === undefined) {
  own[WRAPPED] = true;
  const { fetch } = globalThis;
  globalThis.fetch = (async (input: RequestInfo, init?: RequestInit) => {
    const response = await fetch(input, init);
    const request = input instanceof Request ? input : { url: `${input}`, method: "GET" };
    const method = (init?.method ?? request.method).toUpperCase();
    checkAnswer({ method, url: request.url }, response);
    return response;
  }) as typeof fetch;
}
