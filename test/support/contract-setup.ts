/**
 * Setup of every project that calls a mesh: checks each answer that a test receives by `fetch` against the table of routes, and fails
 * the test if one differs.
 */
import { afterAll, afterEach, expect } from "vitest";
import { checkAnswer, checked } from "./checked-answers.ts";

async function requireNoFaults(): Promise<void> {
  const { faults, pending } = checked();
  await Promise.all(pending);
  expect(faults.splice(0), "answers that differ from schema/http").toEqual([]);
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
