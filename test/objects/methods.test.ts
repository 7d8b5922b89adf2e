/** What callers reach of a Durable Object over RPC. */
import { expect, test } from "vitest";
import { SHELL } from "../../objects/durable/object.ts";
import { newApp, newStub } from "./support/client.ts";
import { rootOf } from "./support/tags.ts";

type Callable = Readonly<Record<string, (value: number) => Promise<unknown>>>;

test.each([
  ["device", () => newStub(), "drain"],
  ["tag", () => rootOf(newApp().app, "news"), "info"],
] as const)(
  "P7 nothing of the shell of a %s but its interface can be called",
  async (_, stubOf, known) => {
    const call = async (method: string): Promise<string> => {
      try {
        await (stubOf() as unknown as Callable)[method]?.(0);
        return "called";
      } catch (error) {
        return String(error);
      }
    };
    for (const method of ["sleep", "onDeadline", "receive", "#runtime", String(SHELL)]) {
      expect(await call(method), method).toContain(`does not implement`);
    }
    expect(await call(known)).toBe("called");
  },
);
