/** What has a string's place and is none is not written: an encoder would take an array of one name for the name. */
import { expect, test } from "vitest";
import { encodeRegister } from "../../schema/generated/link.ts";

test.each([[["A"]], [5], [true], [{}], [new String("A")]])(
  "S23 writes no %o for a string",
  (appId) => {
    expect(() => encodeRegister({ request: 1, appId: appId as string })).toThrow(
      expect.objectContaining({ name: "ThriftError", kind: "type" }),
    );
  },
);
