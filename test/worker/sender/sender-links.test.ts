/** The places of sender links. */
import { expect, test } from "vitest";
import { LIMITS } from "../../../schema/limits.ts";
import { SenderLinks } from "../../../worker/sender/sender-links.ts";

const noLinks = () =>
  new SenderLinks({
    maxCalls: null,
    yield: async () => {},
    accept: () => {
      throw new Error("no socket");
    },
  });

/** The code of the refusal, or null. */
function refusalOf(links: SenderLinks, app: string, network: string | null): string | null {
  try {
    links.take({ app, network })();
    return null;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

test("K4 a network has at most 128 links, of all apps together", () => {
  const links = noLinks();
  const most = LIMITS.SENDER_LINKS_NETWORK;
  const leaves = Array.from({ length: most }, (_, n) =>
    links.take({ app: `app ${n}`, network: "192.0.2.1" }),
  );
  expect(refusalOf(links, "late", "192.0.2.1")).toBe("too_many_requests");
  expect(refusalOf(links, "late", "192.0.2.2")).toBeNull();
  expect(refusalOf(links, "late", null)).toBeNull();
  // Given back twice, it is one place.
  leaves[0]?.();
  leaves[0]?.();
  links.take({ app: "late", network: "192.0.2.1" });
  expect(refusalOf(links, "later", "192.0.2.1")).toBe("too_many_requests");
  expect(links.size).toBe(most);
});

test("K4 a process has at most 512 links", () => {
  const links = noLinks();
  for (let n = 0; n < LIMITS.SENDER_LINKS; n++) links.take({ app: `${n}`, network: null });
  expect(refusalOf(links, "late", null)).toBe("mesh_full");
});

test("K4 a refused link takes no place", () => {
  const links = noLinks();
  for (let n = 0; n < LIMITS.SENDER_LINKS_APP; n++) links.take({ app: "a", network: "n" });
  for (let n = 0; n < LIMITS.SENDER_LINKS; n++)
    expect(refusalOf(links, "a", "n")).toBe("too_many_requests");
  expect(links.size).toBe(LIMITS.SENDER_LINKS_APP);
  expect(refusalOf(links, "b", "n")).toBeNull();
});

test("K4 what all links have beyond their first bytes is bounded", () => {
  const links = noLinks();
  expect(links.more(LIMITS.SENDER_ALL_BYTES)).toBe(true);
  expect(links.more(1)).toBe(false);
});
