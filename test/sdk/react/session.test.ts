/** The client of a tree of components, with clients whose answers come when the test says. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { PushClient } from "../../../sdk/device/push-client.ts";
import { PushSession } from "../../../sdk/react/session.ts";

type Handler = Parameters<PushClient["onMessage"]>[0];
type StateListener = Parameters<PushClient["onState"]>[0];

/** What the session asks of a client. */
class FakeClient {
  readonly status = { state: "connected" } as const;
  regId: string | undefined;
  readonly handlers = new Set<Handler>();
  tellState: StateListener = () => {};
  readonly tags: string[] = [];
  failure: Error | undefined;

  onState(listener: StateListener) {
    this.tellState = listener;
    return () => {};
  }
  onRegId = () => () => {};
  onMessage(handler: Handler) {
    this.handlers.add(handler);
    return () => void this.handlers.delete(handler);
  }
  async register() {
    this.regId = "r1";
    return this.regId;
  }
  async subscribe(tag: string) {
    if (this.failure !== undefined) throw this.failure;
    this.tags.push(tag);
  }
  async unsubscribe(tag: string) {
    this.tags.splice(this.tags.indexOf(tag), 1);
  }
  close = vi.fn(async () =>
    this.tellState({ state: "closed", error: undefined, retryInMs: undefined }),
  );
}

const asClient = (fake: FakeClient) => fake as unknown as PushClient;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("R1 what a component asks for before its provider is mounted waits for the client", async () => {
  const fake = new FakeClient();
  const session = new PushSession(async () => asClient(fake));
  const registered = session.call((push) => push.register());
  session.use();
  expect(await registered).toBe("r1");
  expect(session.status).toMatchObject({ state: "connected", regId: "r1" });
});

test("R1 an earlier client that closes late does not show", async () => {
  const [first, second] = [new FakeClient(), new FakeClient()];
  const connect = vi
    .fn()
    .mockResolvedValueOnce(asClient(first))
    .mockResolvedValue(asClient(second));
  const session = new PushSession(connect);
  const leave = session.use();
  await vi.advanceTimersByTimeAsync(0);
  const closed = Promise.withResolvers<void>();
  first.close.mockImplementation(() => closed.promise);
  leave();
  await vi.advanceTimersByTimeAsync(0);
  session.use();
  await vi.advanceTimersByTimeAsync(0);
  expect(session.status.push).toBe(asClient(second));
  first.tellState({ state: "closed", error: undefined, retryInMs: undefined });
  closed.resolve();
  await vi.advanceTimersByTimeAsync(0);
  expect(session.status).toMatchObject({ push: asClient(second), state: "connected" });
});

test("R1 an earlier client that connects late is closed, and does not show", async () => {
  const [first, second] = [new FakeClient(), new FakeClient()];
  const late = Promise.withResolvers<PushClient>();
  const connect = vi.fn().mockReturnValueOnce(late.promise).mockResolvedValue(asClient(second));
  const session = new PushSession(connect);
  const leave = session.use();
  await vi.advanceTimersByTimeAsync(0);
  leave();
  await vi.advanceTimersByTimeAsync(0);
  session.use();
  await vi.advanceTimersByTimeAsync(0);
  late.resolve(asClient(first));
  await vi.advanceTimersByTimeAsync(0);
  expect(session.status.push).toBe(asClient(second));
  expect(first.close).toHaveBeenCalledOnce();
});

test("R1 a connect that fails for later is tried again, another is shown", async () => {
  const fake = new FakeClient();
  const later = Object.assign(new Error("offline"), { retry: "later" });
  const connect = vi.fn().mockRejectedValueOnce(later).mockRejectedValueOnce(later);
  connect.mockResolvedValue(asClient(fake));
  const session = new PushSession(connect);
  session.use();
  await vi.advanceTimersByTimeAsync(0);
  expect(session.status).toMatchObject({ state: "waiting", error: later, retryInMs: 1_000 });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(session.status).toMatchObject({ state: "waiting", retryInMs: 2_000 });
  await vi.advanceTimersByTimeAsync(2_000);
  expect(session.status).toMatchObject({ state: "connected", error: undefined });

  const never = Object.assign(new Error("wrong"), { retry: "never" });
  const failing = new PushSession(vi.fn().mockRejectedValue(never));
  failing.use();
  await vi.advanceTimersByTimeAsync(100_000);
  expect(failing.status).toMatchObject({ state: "closed", error: never });
  await expect(failing.call((push) => push.register())).rejects.toBe(never);
});

test("R2 every handler is one of the client's, and of the next client's", async () => {
  const [first, second] = [new FakeClient(), new FakeClient()];
  const connect = vi
    .fn()
    .mockResolvedValueOnce(asClient(first))
    .mockResolvedValue(asClient(second));
  const session = new PushSession(connect);
  const [early, late] = [vi.fn(), vi.fn()];
  const stopEarly = session.listen(early);
  const leave = session.use();
  await vi.advanceTimersByTimeAsync(0);
  const stopLate = session.listen(late);
  expect([...first.handlers]).toEqual([early, late]);
  stopEarly();
  expect([...first.handlers]).toEqual([late]);
  leave();
  await vi.advanceTimersByTimeAsync(0);
  session.use();
  await vi.advanceTimersByTimeAsync(0);
  expect([...second.handlers]).toEqual([late]);
  stopLate();
  expect([...second.handlers]).toEqual([]);
});

test("R3 a tag that cannot be joined is an error for every component, and tried again by the next", async () => {
  const fake = new FakeClient();
  fake.failure = new Error("limit");
  const session = new PushSession(async () => asClient(fake));
  session.use();
  await vi.advanceTimersByTimeAsync(0);
  const both = [session.join("news"), session.join("news")];
  for (const joined of both) await expect(joined).rejects.toThrow("limit");
  fake.failure = undefined;
  await session.join("news");
  await session.join("news");
  expect(fake.tags).toEqual(["news"]);
  await Promise.all([session.leave("news"), vi.advanceTimersByTimeAsync(0)]);
  expect(fake.tags).toEqual(["news"]);
  await Promise.all([session.leave("news"), vi.advanceTimersByTimeAsync(0)]);
  expect(fake.tags).toEqual([]);
});
