/** What `pushmesh export` and `import` print of what they moved. */
import { expect, test } from "vitest";
import { countsText } from "../../../cli/clone.ts";

test("one of a kind is named in the singular", () => {
  const kinds = { apps: 1, devices: 2, registrations: 1, messages: 0, aliases: 1 };
  expect(countsText({ ...kinds, subscriptions: 1, broadcasts: 1 })).toBe(
    "1 app, 2 devices, 1 registration, 0 waiting messages, 1 alias, 1 subscription, 1 broadcast",
  );
});
