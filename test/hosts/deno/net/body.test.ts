/** Bodies by HTTP/2 on the host of Deno. */
import { expect, test } from "vitest";
import { readInTime } from "../../../../hosts/deno/net/body.ts";
import { LIMITS } from "../../../../schema/limits.ts";

/** A request whose body comes in these pieces, and then ends, breaks off, or neither. */
function posted(pieces: readonly string[], then: "end" | "break" | "wait") {
  let isCanceled = false;
  const left = pieces.map((piece) => new TextEncoder().encode(piece));
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = left.shift();
      if (piece !== undefined) controller.enqueue(piece);
      else if (then === "end") controller.close();
      else if (then === "break") controller.error(new Error("reset"));
      else return new Promise(() => {});
      return;
    },
    cancel() {
      isCanceled = true;
    },
  });
  const init = { method: "POST", headers: { "content-type": "a/b" }, body, duplex: "half" };
  const request = new Request("http://mesh/x?y", init as RequestInit);
  return { request, isCanceled: () => isCanceled };
}

test("P8.1 a body by HTTP/2 that does not end is refused when its time is over", async () => {
  const { request, isCanceled } = posted(["{"], "wait");
  await expect(readInTime(request, 20)).rejects.toMatchObject({ code: "request_timeout" });
  expect(isCanceled()).toBe(true);
});

test("P8.4 one that breaks off is refused as malformed", async () => {
  const { request } = posted(["{"], "break");
  await expect(readInTime(request)).rejects.toMatchObject({ code: "request_malformed" });
});

test("P8.1 one that is whole is handed on, and one over the bound of all routes is not read to its end", async () => {
  const whole = await readInTime(posted(["ab", "c"], "end").request);
  expect(await whole.text()).toBe("abc");
  expect([whole.method, whole.url, whole.headers.get("content-type")]).toEqual([
    "POST",
    "http://mesh/x?y",
    "a/b",
  ]);
  const { request, isCanceled } = posted(["a".repeat(LIMITS.MESSAGE_BODY_BYTES), "b"], "wait");
  const over = await readInTime(request);
  expect((await over.arrayBuffer()).byteLength).toBe(LIMITS.MESSAGE_BODY_BYTES + 1);
  expect(isCanceled()).toBe(true);
});
