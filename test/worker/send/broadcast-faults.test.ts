/** Broadcasts to several tags, of which the root of one hangs: the edge waits for none for ever. */
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { nodeObjectName, tagIdOf } from "../../../core/tag/name.ts";
import { toBase64Url } from "../../../schema/text.ts";
import type { Env } from "../../../worker/env.ts";
import { createApp, type TestApp } from "../support/app.ts";
import { env } from "../support/mesh.ts";
import { appBytes } from "../support/scripted.ts";
import { post, refusalOf } from "../support/server.ts";

let app: TestApp;
beforeAll(async () => {
  app = await createApp();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Tags of which one hangs. */
function hanging(tag: string): Pick<Env, "TAGS"> {
  const name = toBase64Url(appBytes(app));
  const root = nodeObjectName({ app: name, tagId: tagIdOf(name, tag), path: "" });
  const never = () => new Promise<never>(() => {});
  const TAGS: Env["TAGS"] = {
    getByName: (each) => {
      const node = env.TAGS.getByName(each);
      return each === root ? { ...node, info: never, broadcastStatus: never } : node;
    },
  };
  return { TAGS };
}

it.each([
  ["is asked whether it took the same before", { any: [{ tag: "x1" }, { tag: "y1" }] }, "y1"],
  ["is asked how many it has", { all: [{ tag: "x2" }, { tag: "y2" }] }, "y2"],
])("B9 a root that hangs and %s is told as overload", async (_, condition, tag) => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  let isOver = false;
  const request = post("/v1/messages", { to: { condition }, data: "x" });
  const answer = refusalOf(app, request, hanging(tag)).finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await scheduler.wait(5);
    await vi.advanceTimersByTimeAsync(1_000);
  }
  expect(await answer).toMatchObject({ code: "overloaded" });
});
