import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { SendAnswer, SendRequest } from "../../../core/message/send.ts";
import type { AliasSendAnswerBody, ResultsAnswerBody } from "../../../schema/http.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { formatMessageId, parseMessageId } from "../../../schema/text.ts";
import type { Env } from "../../../worker/env.ts";
import { createApp, type TestApp } from "../support/app.ts";
import { aliases, devices, holder, regIdOf } from "../support/scripted.ts";
import { ask, get, post, refusalOf } from "../support/server.ts";

let app: TestApp;
let serial = 0;
beforeAll(async () => {
  app = await createApp();
});

afterEach(() => {
  vi.useRealTimers();
});

const hangs = () => new Promise<never>(() => {});

/** Until it is over, a second goes by every few milliseconds. */
async function inLongTime<T>(begin: () => Promise<T>): Promise<T> {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  let isOver = false;
  const answer = begin().finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await scheduler.wait(5);
    await vi.advanceTimersByTimeAsync(1_000);
  }
  return await answer;
}

const DELIVERED: SendAnswer = { ok: true, status: "delivered", seq: 4_096 };
const STALE: SendAnswer = { ok: false, code: "alias_stale" };

interface Call {
  readonly device: string;
  readonly send: SendRequest;
}

/** Devices that answer a send by their number; and what they were asked. */
function sending(answer: (n: number, times: number) => SendAnswer | Error) {
  const calls: Call[] = [];
  const DEVICES = devices({
    send: async (device, send) => {
      calls.push({ device, send });
      const n = [1, 2, 3, 4].find((n) => holder(n).device === device) ?? 0;
      const made = answer(n, calls.filter((call) => call.device === device).length);
      if (made instanceof Error) throw made;
      return made;
    },
  });
  return { calls, DEVICES };
}

const request = (headers: Record<string, string> = {}) => ({
  ...post("/v1/messages", { to: { alias: `scripted-${++serial}` }, data: "x" }),
  headers,
});

describe("a send to an alias", () => {
  it("A2 is one message to each holder, with one key and the holder's own generation", async () => {
    const { calls, DEVICES } = sending(() => DELIVERED);
    const holders = [holder(1), holder(2, 7)];
    const { body } = await ask<AliasSendAnswerBody>(app, request(), {
      DEVICES,
      ...aliases(holders),
    });
    expect(calls.map(({ send }) => send.generation)).toEqual([1, 7]);
    expect(calls[0]?.send.key).toEqual(calls[1]?.send.key);
    expect(calls[0]?.send.alias).toEqual({
      alias: `scripted-${serial}`,
      firstAckWins: false,
      shared: expect.any(Boolean),
    });
    expect(body.results.map(({ regId }) => regId)).toEqual(holders.map((h) => regIdOf(app, h)));
    for (const result of body.results) {
      const parts = "id" in result ? parseMessageId(result.id) : undefined;
      expect(parts).toEqual({ seq: 4_096, key: calls[0]?.send.key, regId: result.regId });
    }
  });

  it("P4.4 that fails for one holder says so in its result, and is sent to the others", async () => {
    const busy = Object.assign(new Error("busy"), { overloaded: true });
    const { calls, DEVICES } = sending((n) =>
      n === 1 ? busy : n === 2 ? { ok: false, code: "mailbox_full", detail: "full" } : DELIVERED,
    );
    const { response, body } = await ask<AliasSendAnswerBody>(app, request(), {
      DEVICES,
      ...aliases([holder(1), holder(2), holder(3)]),
    });
    expect(body.results).toMatchObject([
      { error: "overloaded" },
      { error: "mailbox_full", detail: "full" },
      { status: "delivered" },
    ]);
    expect([response.status, calls.length]).toEqual([200, 3]);
  });

  it("A4 to a holder that has lost it asks once who holds it, and leaves those alone that have it", async () => {
    const { calls, DEVICES } = sending((n) => (n === 1 ? STALE : DELIVERED));
    const scripted = aliases([holder(1), holder(2)], [holder(2), holder(3)]);
    const { body } = await ask<AliasSendAnswerBody>(app, request(), { DEVICES, ...scripted });
    expect(body.results.map(({ regId }) => regId)).toEqual(
      [holder(2), holder(3)].map((h) => regIdOf(app, h)),
    );
    expect(calls.map(({ device }) => device)).toEqual(
      [holder(1), holder(2), holder(3)].map(({ device }) => device),
    );
    expect(new Set(calls.map(({ send }) => String(send.key))).size).toBe(1);
  });

  it("A4 to a device that came back with another account goes to the new one", async () => {
    const { DEVICES } = sending((_, times) =>
      times === 1 ? { ok: false, code: "unregistered" } : DELIVERED,
    );
    const { body } = await ask<AliasSendAnswerBody>(app, request(), {
      DEVICES,
      ...aliases([holder(1, 1)], [holder(1, 2)]),
    });
    expect(body.results).toMatchObject([
      { regId: regIdOf(app, holder(1, 2)), status: "delivered" },
    ]);
  });

  it("A4 that still finds nobody after asking again says so, and does not ask for ever", async () => {
    const { calls, DEVICES } = sending(() => STALE);
    const scripted = aliases([holder(1)]);
    const { body } = await ask<AliasSendAnswerBody>(app, request(), {
      DEVICES,
      ALIASES: scripted.ALIASES,
    });
    expect(body.results).toMatchObject([{ regId: regIdOf(app, holder(1)), error: "alias_stale" }]);
    expect([calls.length, scripted.asked]).toEqual([2, 2]);
  });

  it("A4 whose only holder has let go meanwhile is to nobody", async () => {
    const { DEVICES } = sending(() => STALE);
    const refused = await refusalOf(app, request(), { DEVICES, ...aliases([holder(1)], []) });
    expect(refused).toMatchObject({ code: "alias_unknown", status: 404 });
  });

  it("P4.9 waits as long in all as its sender prefers", async () => {
    const { calls, DEVICES } = sending((_, times) => (times === 1 ? STALE : DELIVERED));
    await ask(app, request({ prefer: "wait=2" }), { DEVICES, ...aliases([holder(1)]) });
    expect(calls.length).toBe(2);
    for (const { send } of calls) expect(send.waitMs).toBeLessThanOrEqual(2_000);
    const [first, second] = calls.map(({ send }) => send.waitMs);
    expect(second).toBeLessThanOrEqual(first ?? 0);
  });
});

it("P8.1 a call about many registrations asks a few devices at a time, and tells the ones that failed", async () => {
  const add = Array.from({ length: 200 }, (_, n) => regIdOf(app, holder(n)));
  let underWay = 0;
  let most = 0;
  const DEVICES = devices({
    setTags: async (device) => {
      most = Math.max(most, ++underWay);
      await new Promise((resolve) => setTimeout(resolve, 1));
      underWay--;
      if (device === holder(150).device) throw new Error("broken");
      return { ok: true };
    },
  });
  const { body } = await ask<{ results: { regId: string; ok: boolean; error?: string }[] }>(
    app,
    post("/v1/tags/members", { tag: "many", add }),
    { DEVICES },
  );
  expect(most).toBe(LIMITS.SUBSCRIBE_CALLS);
  expect(body.results.map(({ regId }) => regId)).toEqual(add);
  expect(body.results.filter(({ ok }) => !ok)).toMatchObject([
    { regId: add[150], error: "internal" },
  ]);
});

describe("an object that hangs", () => {
  it("A2 of one holder keeps from none of the others their result", async () => {
    const DEVICES = devices({
      send: (device) => (device === holder(1).device ? hangs() : Promise.resolve(DELIVERED)),
    });
    const all = { DEVICES, ...aliases([holder(1), holder(2)]) };
    const { body } = await inLongTime(() => ask<AliasSendAnswerBody>(app, request(), all));
    expect(body.results).toMatchObject([{ error: "overloaded" }, { status: "delivered" }]);
  });

  it("A2 of one device keeps from none of the others the result of a change", async () => {
    const DEVICES = devices({
      setAlias: (device) => (device === holder(1).device ? hangs() : Promise.resolve({ ok: true })),
    });
    const add = [holder(1), holder(2)].map((each) => regIdOf(app, each));
    const change = post("/v1/aliases", { alias: "hanging", shared: true, add });
    const { body } = await inLongTime(() => ask<ResultsAnswerBody>(app, change, { DEVICES }));
    expect(body.results).toMatchObject([{ ok: false, error: "overloaded" }, { ok: true }]);
  });

  it("A4 of the alias is told as overload", async () => {
    const ALIASES = { getByName: () => ({ holders: hangs }) } as unknown as Env["ALIASES"];
    const refused = await inLongTime(() => refusalOf(app, request(), { ALIASES }));
    expect(refused).toMatchObject({ code: "overloaded" });
  });

  it("P4.9 of a device ends a send to it, 10 s behind the wait that it asked for", async () => {
    const DEVICES = devices({ send: hangs, status: hangs, describe: hangs });
    const to = regIdOf(app, holder(1));
    for (const signing of [
      { ...post("/v1/messages", { to, data: "x" }), headers: { prefer: "wait=2" } },
      get(`/v1/messages/${formatMessageId({ seq: 1, key: new Uint8Array(8), regId: to })}`),
      get(`/v1/registrations/${to}`),
    ]) {
      const refused = await inLongTime(() => refusalOf(app, signing, { DEVICES }));
      expect(refused).toMatchObject({ code: "overloaded", status: 503 });
    }
  });

  it("A6 of those that note signed changes ends the change, which nobody carried out", async () => {
    const directory = { begin: hangs };
    const TAG_DIRECTORIES = { getByName: () => directory } as unknown as Env["TAG_DIRECTORIES"];
    const change = post("/v1/aliases", {
      alias: "never",
      shared: true,
      add: [regIdOf(app, holder(1))],
    });
    const refused = await inLongTime(() => refusalOf(app, change, { TAG_DIRECTORIES }));
    expect(refused).toMatchObject({ code: "overloaded", status: 503 });
  });
});

it("P4.4 an object that still runs the code of before a deploy is told as overload", async () => {
  // As workerd of November 2026 says it, where a new edge calls what an object of an older version lacks.
  const error = new TypeError('The RPC receiver does not implement the method "begin".');
  const older = { getByName: () => ({ begin: () => Promise.reject(error) }) };
  const TAG_DIRECTORIES = older as unknown as Env["TAG_DIRECTORIES"];
  const change = post("/v1/aliases", {
    alias: "older",
    shared: true,
    add: [regIdOf(app, holder(1))],
  });
  const refused = await refusalOf(app, change, { TAG_DIRECTORIES });
  expect(refused).toMatchObject({ code: "overloaded", status: 503 });
});
