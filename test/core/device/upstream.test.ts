/** Messages from a device to its app's server. */
import { describe, expect, test } from "vitest";
import { ContentType } from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { Rig } from "./support/rig.ts";

const utf8 = new TextEncoder();

const send = (rig: Rig, fields: object = {}) =>
  rig.command({
    kind: "upstream",
    value: {
      ...{ request: 9, slot: 1, key: utf8.encode("k"), contentType: ContentType.JSON },
      ...{ data: utf8.encode('{"seen":1}'), ...fields },
    },
  });

describe("a message to the app's server", () => {
  test("U1 is answered when the webhooks have stored it, and not before", () => {
    const rig = Rig.online();
    rig.take();
    send(rig);
    expect(rig.take()).toEqual([]);
    expect(rig.webhookAnswered()).toMatchObject([
      { type: "upstream", key: Buffer.from("k").toString("base64url"), data: { seen: 1 } },
    ]);
    expect(JSON.stringify(rig.take())).toContain('"done"');
  });

  test("U2 that is repeated has the same name, also after a kill: the webhooks then store nothing", () => {
    const rig = Rig.online();
    send(rig);
    const [first] = rig.webhooks;
    rig.restart();
    rig.connect({ attach: [1] });
    send(rig);
    const [again] = rig.webhooks;
    expect(again?.call.request.packet).toBe(first?.call.request.packet);
    send(rig, { key: utf8.encode("other") });
    expect(rig.webhooks[1]?.call.request.packet).not.toBe(first?.call.request.packet);
  });

  test("U1 that the webhooks do not answer is refused with a time for the next attempt", () => {
    const rig = Rig.online();
    rig.take();
    send(rig);
    rig.webhookAnswered(false);
    const said = JSON.stringify(rig.take());
    expect(said).toContain('"overloaded"');
    expect(said).toContain("retryAfterMs");
  });

  test.each([
    ["without a key", { key: new Uint8Array() }],
    ["with a long key", { key: new Uint8Array(LIMITS.UPSTREAM_KEY_BYTES + 1) }],
    ["too large", { data: new Uint8Array(LIMITS.DATA_BYTES + 1), contentType: ContentType.BINARY }],
    ["of JSON that is none", { data: utf8.encode("{") }],
    ["of text that is no UTF-8", { data: Uint8Array.of(255), contentType: ContentType.TEXT }],
  ])("U3 %s is refused, and calls nobody", (_, fields) => {
    const rig = Rig.online();
    rig.take();
    send(rig, fields);
    expect(JSON.stringify(rig.take())).toContain('"command_invalid"');
    expect(rig.webhooks).toHaveLength(0);
  });

  test("U3 beyond a device's budget is refused", () => {
    const rig = Rig.online();
    for (let n = 0; n <= LIMITS.UPSTREAM_BURST; n++) {
      rig.take();
      send(rig, { key: utf8.encode(`${n}`) });
    }
    expect(JSON.stringify(rig.take())).toContain('"rate_limited"');
    expect(rig.webhooks.length).toBeLessThanOrEqual(LIMITS.UPSTREAM_BURST);
  });
});
