/** The calls about webhooks. */
import { expect, onTestFinished, test, vi } from "vitest";
import { LIMITS } from "../../../schema/limits.ts";
import { PushServer } from "../../../sdk/server/mod.ts";

test("Q2 a test of a webhook waits for as long as its receiver may take, and for the mesh", async () => {
  const timers = vi.spyOn(globalThis, "setTimeout");
  onTestFinished(() => void timers.mockRestore());
  const answer = { id: "msg_0_x", delivered: false, status: null, error: "late", body: "" };
  const push = new PushServer({
    url: "https://push.example.com",
    keyId: "app.k1",
    key: Buffer.alloc(32, 7).toString("base64url"),
    host: { fetch: async () => Response.json({ ...answer, tookMs: 1 }) },
  });
  await push.webhooks.test("we_x");
  const longest = Math.max(...timers.mock.calls.map(([, ms]) => ms ?? 0));
  expect(longest).toBeGreaterThan(LIMITS.WEBHOOK_ANSWER_MS + LIMITS.CALL_MS);
});
