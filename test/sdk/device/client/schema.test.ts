/** The device SDK against a scripted mesh: messages that a schema validates, by three libraries. */
import { type } from "arktype";
import * as v from "valibot";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import type { ConnectOptions, PushMessage } from "../../../../sdk/device/mod.ts";
import { until } from "../fake/clock.ts";
import { FakeMesh, start } from "../fake/mesh.ts";

let mesh = new FakeMesh();

beforeEach(() => {
  mesh = new FakeMesh();
});
afterEach(() => {
  expect(mesh.violations, "what the device did against the protocol").toEqual([]);
  expect(mesh.reported).toEqual([]);
});

type Schema = NonNullable<ConnectOptions<unknown>["schema"]>;

const json = (data: unknown) => mesh.message(JSON.stringify(data), { contentType: 1 });
const ended = (seq: number) =>
  until(() => mesh.socket.acks.some((ack) => ack.seq === seq), "the acknowledgement");

async function listening(schema: Schema) {
  const device = await start(mesh, { schema } as Partial<ConnectOptions>);
  const got: PushMessage[] = [];
  device.client.onMessage((message) => void got.push(message));
  await device.client.register();
  await until(() => mesh.socket.attached.size === 1, "the attach");
  return { ...device, got };
}

describe.each<[string, Schema]>([
  ["zod", z.object({ title: z.string(), at: z.object({ line: z.number() }) })],
  ["valibot", v.object({ title: v.string(), at: v.object({ line: v.number() }) })],
  ["arktype", type({ title: "string", at: { line: "number" } })],
])("a schema of %s", (_, schema) => {
  it("E1 passes what fits, and reports what does not with its issues: it counts as handled", async () => {
    const { client, errors, got } = await listening(schema);
    const good = { title: "one", at: { line: 1 } };
    const first = json(good);
    const bad = json({ title: "two", at: { line: "2" } });
    const last = json({ ...good, title: "three" });
    mesh.socket.deliver(first, bad, last);
    await ended(last.seq);
    expect(got.map(({ data }) => data)).toEqual([good, { ...good, title: "three" }]);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({
      ...{ code: "message_invalid", retry: "never", messageId: expect.any(String) },
      issues: [{ path: ["at", "line"], message: expect.stringMatching(/number/) }],
      received: { data: { title: "two", at: { line: "2" } } },
    });
    // Not more than the two fields that all libraries have: others of theirs have the value.
    expect(Object.keys(errors[0]?.issues?.[0] ?? {}).sort()).toEqual(["message", "path"]);
    expect(mesh.socket.acks.flatMap(({ discarded = [] }) => discarded)).toEqual([]);
    await client.close();
  });
});

it("E1 a message has what the schema makes of its data, and its JSON as it was sent", async () => {
  const schema = z.object({ at: z.string().transform((text) => new Date(text)) });
  const { client, got } = await listening(schema);
  mesh.socket.deliver(json({ at: "2026-11-30T12:00:00Z" }));
  await until(() => got.length === 1, "the message");
  expect(got[0]).toMatchObject({
    data: { at: new Date("2026-11-30T12:00:00Z") },
    json: '{"at":"2026-11-30T12:00:00Z"}',
  });
  await client.close();
});

it("E1 a schema that waits, and fails first, has the message given again", async () => {
  let calls = 0;
  const validate = async (value: unknown) => {
    calls += 1;
    if (calls === 1) throw new Error("no network");
    return { value };
  };
  const schema = { "~standard": { version: 1, vendor: "test", validate } } as const;
  const { client, errors, got } = await listening(schema);
  const message = mesh.message("a");
  mesh.socket.deliver(message);
  await until(() => errors.length === 1, "the error");
  expect(errors[0]).toMatchObject({ code: "handler_failed", attempt: 1 });
  await mesh.clock.advance(1_000);
  await ended(message.seq);
  expect(got.map(({ data }) => data)).toEqual(["a"]);
  await client.close();
});
