/** The live listener of the SDK on a scripted socket: when it comes back, with what, and when it does not. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  type ListenOptions,
  type ListenState,
  type LiveMessage,
  listenLive,
} from "../../../sdk/device/live/mod.ts";
import type { SocketEvents } from "../../../sdk/device/mod.ts";
import { FakeClock, settle } from "./fake/clock.ts";

interface Dialled {
  readonly url: URL;
  readonly protocols: string[];
  readonly events: SocketEvents;
  readonly sent: unknown[];
  closed: boolean;
}

async function listen(options: Partial<ListenOptions> = {}) {
  const clock = new FakeClock();
  const sockets: Dialled[] = [];
  const messages: LiveMessage[] = [];
  const presences: number[] = [];
  const states: ListenState[] = [];
  const reported: unknown[] = [];
  let online: () => void = () => {};
  const listener = listenLive({
    url: "https://push.example.com",
    appId: "app",
    tag: "a/b",
    onMessage: (message) => messages.push(message),
    onPresence: (listeners) => presences.push(listeners),
    onState: (state) => states.push(state),
    ...options,
    host: {
      openSocket: (url, protocols, events) => {
        const dialled: Dialled = { url: new URL(url), protocols, events, sent: [], closed: false };
        sockets.push(dialled);
        return {
          send: (data) => dialled.sent.push(data),
          close: () => {
            dialled.closed = true;
          },
        };
      },
      after: clock.after,
      random: () => 0.5,
      onOnline: (act) => {
        online = act;
        return () => {};
      },
      report: (error) => reported.push(error),
    },
  });
  await settle();
  const last = (): Dialled => {
    const socket = sockets.at(-1);
    if (socket === undefined) throw new Error("nothing was dialled");
    return socket;
  };
  const hear = async (...bodies: object[]): Promise<void> => {
    for (const body of bodies) last().events.received(JSON.stringify(body));
    await settle();
  };
  const end = async (code: number, reason = ""): Promise<void> => {
    last().events.closed(code, reason);
    await settle();
  };
  const goOnline = async (): Promise<void> => {
    online();
    await settle();
  };
  const state = () => states.at(-1);
  return {
    clock,
    listener,
    sockets,
    messages,
    presences,
    reported,
    last,
    hear,
    end,
    goOnline,
    state,
  };
}

const message = (cursor: number) => ({
  type: "message",
  cursor,
  id: `id${cursor}`,
  tag: "a/b",
  data: `${cursor}`,
  sentAt: 0,
  expiresAt: null,
  signature: null,
});
const presence = (listeners: number, cursor: number) => ({ type: "presence", listeners, cursor });

describe("a live listener", () => {
  test("V2 dials the tag, and after a break the place that it has come to", async () => {
    const { clock, listener, sockets, last, hear, end, state, messages } = await listen();
    expect(last().url.href).toBe("wss://push.example.com/v1/apps/app/tags/a%2Fb/live");
    expect(last().protocols).toEqual(["pushmesh.live.v1"]);
    last().events.opened();
    await hear(presence(3, 7));
    expect(state()).toEqual({ name: "listening" });
    await end(1006);
    expect(state()).toMatchObject({ name: "waiting", retryInMs: 500 });
    await clock.advance(500);
    expect(last().url.searchParams.get("after")).toBe("7");
    await hear(message(8), presence(3, 8));
    await end(4000, "going_away");
    await clock.advance(500);
    expect(last().url.searchParams.get("after")).toBe("8");
    expect(sockets).toHaveLength(3);
    expect(messages.map(({ cursor }) => cursor)).toEqual([8]);
    expect(listener.cursor).toBe(8);
  });

  test("V1 hands over a message once, whatever comes again", async () => {
    const { hear, messages, presences } = await listen({ after: 3 });
    await hear(message(3), message(4), message(4), presence(2, 4), message(5), message(4));
    expect(messages.map(({ cursor }) => cursor)).toEqual([4, 5]);
    expect(presences).toEqual([2]);
  });

  test("V1 what a handler throws is reported, and the next message comes", async () => {
    const seen: number[] = [];
    const { hear, reported } = await listen({
      onMessage: ({ cursor }) => {
        seen.push(cursor);
        if (cursor === 1) throw new Error("handler");
      },
    });
    await hear(message(1), message(2));
    expect(seen).toEqual([1, 2]);
    expect(reported).toEqual([new Error("handler")]);
  });

  test("P8.2 what is no JSON is reported, and the next message comes", async () => {
    const { last, hear, messages, reported } = await listen();
    for (const text of ["{", "null", ""]) last().events.received(text);
    await hear(message(1));
    expect(reported).toMatchObject([
      { code: "data_invalid" },
      expect.any(TypeError),
      { code: "data_invalid" },
    ]);
    expect(messages).toMatchObject([{ cursor: 1 }]);
  });

  test("V2 waits longer each time it fails, up to a minute, and less once it was heard", async () => {
    const { clock, end, hear, state } = await listen();
    const waits: number[] = [];
    for (let i = 0; i < 9; i++) {
      await end(1006);
      const now = state();
      if (now?.name !== "waiting") throw new Error(now?.name);
      waits.push(now.retryInMs);
      await clock.advance(now.retryInMs);
    }
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    await hear(presence(1, 0));
    await end(1006);
    expect(state()).toMatchObject({ retryInMs: 500 });
  });

  test("V2 comes back at once when the network does", async () => {
    const { end, goOnline, sockets } = await listen();
    await end(1006);
    expect(sockets).toHaveLength(1);
    await goOnline();
    expect(sockets).toHaveLength(2);
  });

  test("V2 a socket that does not open, or does not answer a ping, is given up", async () => {
    const { clock, last, hear, sockets, state } = await listen();
    await clock.advance(20_000);
    expect(state()).toMatchObject({ name: "waiting" });
    expect(last().closed).toBe(true);
    await clock.advance(500);
    await hear(presence(1, 0));
    await clock.advance(50_000);
    expect(last().sent).toEqual(["ping"]);
    last().events.received("pong");
    await clock.advance(50_000);
    expect(last().sent).toEqual(["ping", "ping"]);
    await clock.advance(10_000);
    expect(last().closed).toBe(true);
    await clock.advance(500);
    expect(sockets).toHaveLength(3);
  });

  test.each([
    [4210, "live_closed: closed", undefined, "closed", "live_closed"],
    [4202, "protocol_error", undefined, "closed", "protocol_error"],
    [4110, "listen_token_invalid: expired", "token", "closed", "listen_token_invalid"],
    [4110, "listen_token_invalid: expired", () => "fresh", "waiting", "listen_token_invalid"],
    [4002, "slow_consumer", undefined, "waiting", "slow_consumer"],
    [4009, "live_full", undefined, "waiting", "live_full"],
    [1001, "", undefined, "waiting", "link_lost"],
  ])("V3 %i %s with token %s is %s", async (close, reason, token, name, code) => {
    const { end, state } = await listen(token === undefined ? {} : { token });
    await end(close, reason);
    expect(state()).toMatchObject({ name, error: { code } });
  });

  test("V3 a token is asked for with each connection; where it cannot be had, later", async () => {
    const tokens = ["one", null, "two"];
    const { clock, last, end, sockets, state } = await listen({
      token: async () => {
        const token = tokens.shift();
        if (token == null) throw new Error("no token");
        return token;
      },
    });
    expect(last().protocols).toEqual(["pushmesh.live.v1", "pushmesh.token.one"]);
    await end(4110, "listen_token_invalid");
    await clock.advance(500);
    expect(state()).toMatchObject({ name: "waiting", error: { code: "network_failed" } });
    expect(sockets).toHaveLength(1);
    await clock.advance(1_000);
    expect(last().protocols).toEqual(["pushmesh.live.v1", "pushmesh.token.two"]);
  });

  test("closed, it hears nothing more", async () => {
    const { clock, listener, last, hear, messages, sockets, state } = await listen();
    await hear(message(1));
    listener.close();
    expect(last().closed).toBe(true);
    expect(state()).toEqual({ name: "closed", error: undefined });
    await hear(message(2));
    await clock.advance(120_000);
    expect(messages).toHaveLength(1);
    expect(sockets).toHaveLength(1);
    expect(clock.pending).toEqual([]);
  });
});

describe("a live listener that knows the app's key", () => {
  const { appId, places } = JSON.parse(
    readFileSync(new URL("../../../schema/vectors/live.json", import.meta.url), "utf8"),
  );
  const bodyOf = (name: string) =>
    JSON.parse(places.messages.find((each: { name: string }) => each.name === name).frame);
  const withKey = () => listen({ appId, tag: "news", publicKey: places.publicKey });
  /** Verification takes its time. */
  const until = async (isSo: () => boolean) => {
    while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1));
  };

  test.each([
    ...["another cursor", "another time", "a later end", "a collapse key that it had not"],
    ...["other data", "another first tag", "none at all, as of an older mesh"],
  ])("V9 drops and reports a message with %s, and its cursor counts for nothing", async (name) => {
    const { listener, messages, reported, hear } = await withKey();
    await hear(presence(1, 40), bodyOf(name));
    await until(() => reported.length > 0);
    expect(reported).toMatchObject([{ code: "data_invalid" }]);
    expect(messages).toEqual([]);
    expect(listener.cursor).toBe(40);
    await hear(bodyOf("JSON"));
    await until(() => messages.length > 0);
    expect(listener.cursor).toBe(42);
  });

  test("V9 hears no message a second time, though it is told that it has less", async () => {
    const { listener, messages, hear, presences } = await withKey();
    await hear(presence(1, 40), bodyOf("JSON"));
    await until(() => messages.length > 0);
    await hear(presence(2, 3), bodyOf("JSON"), presence(3, 3));
    await until(() => presences.length === 3);
    expect(messages).toHaveLength(1);
    expect(listener.cursor).toBe(42);
  });
});

test("E5 E6 its state is known, with the time of the next attempt; a block that declares it with using closes it", async () => {
  const { listener, sockets } = await (async () => {
    using listener = (await listen()).listener;
    expect(listener.state).toEqual({ name: "connecting" });
    return { listener, sockets: [] };
  })();
  expect(sockets).toEqual([]);
  expect(listener.state).toEqual({ name: "closed", error: undefined });
  const other = await listen();
  other.last().events.closed(1006, "");
  const before = Date.now();
  const { state } = other.listener;
  expect(state).toMatchObject({ name: "waiting", retryInMs: 500, error: { code: "link_lost" } });
  const { retryAt = 0 } = state as { retryAt?: number };
  expect(Math.abs(retryAt - before - 500)).toBeLessThan(1_000);
  other.listener.close();
});

test("E7 a signal closes it, also one that has fired before", async () => {
  const abort = new AbortController();
  const { listener, last } = await listen({ signal: abort.signal });
  abort.abort();
  expect(listener.state).toEqual({ name: "closed", error: undefined });
  expect(last().closed).toBe(true);
  const late = await listen({ signal: abort.signal });
  expect(late.listener.state.name).toBe("closed");
  expect(late.sockets).toEqual([]);
});

test("E8 the log has states and what was dropped, and no payload", async () => {
  const entries: unknown[] = [];
  const { listener, last } = await listen({ log: (entry) => void entries.push(entry) });
  last().events.opened();
  last().events.received("a secret that is no JSON");
  await settle();
  last().events.closed(1006, "");
  listener.close();
  const missing = { messageId: undefined };
  expect(entries).toMatchObject([
    { level: "info", event: "state", state: "connecting" },
    { level: "info", event: "state", state: "listening" },
    { level: "error", event: "error", code: "data_invalid", ...missing },
    { level: "warn", event: "state", state: "waiting", code: "link_lost", retryInMs: 500 },
    { level: "info", event: "state", state: "closed" },
  ]);
  expect(JSON.stringify(entries)).not.toContain("secret");
});

test.each<[object, string]>([
  [{ onMessage: undefined }, "onMessage: must be given, a function"],
  [{ after: -1 }, "after: must be whole, 0 or more"],
  [{ after: 1.5 }, "after: must be whole, 0 or more"],
  [{ after: Number.NaN }, "after: must be whole, 0 or more"],
  [{ token: 5 }, "token: must be given, a function or string"],
  [{ url: [] }, "must be an origin without path"],
  [{ after: "5" }, "after: must be given, a number"],
  [{ publicKey: "short" }, "publicKey: must be 32 bytes in base64url"],
  [{ tag: "" }, "tag: must be given, a string"],
  [{ onState: "x" }, "onState: must be given, a function"],
])("E9 refuses %j by name", async (options, message) => {
  await expect(listen(options as Partial<ListenOptions>)).rejects.toMatchObject({
    code: "option_invalid",
    message: expect.stringContaining(message),
  });
});
