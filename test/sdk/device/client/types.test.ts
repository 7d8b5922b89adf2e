/** Types of messages: checked by the compiler, which refuses what is marked as wrong. */
import * as v from "valibot";
import { expect, expectTypeOf, it } from "vitest";
import * as z from "zod";
import {
  connect,
  type PushClient,
  type PushData,
  type PushMessage,
} from "../../../../sdk/device/mod.ts";
import { connect as connectNode } from "../../../../sdk/device/node.ts";
import { PushProvider, useMessages, usePush } from "../../../../sdk/react/mod.ts";

interface News {
  readonly title: string;
}

const to = { url: "https://push.test", appId: "app" };

it("E1 messages have the type that the schema makes, or that the caller claims", () => {
  // Never called: the compiler reads it.
  const read = async (): Promise<void> => {
    const schema = z.object({
      title: z.string(),
      at: z.string().transform((text) => new Date(text)),
    });
    const push = await connect({ ...to, schema });
    expectTypeOf(push).toEqualTypeOf<PushClient<{ title: string; at: Date }>>();
    push.onMessage(({ data }) => expectTypeOf(data.at).toEqualTypeOf<Date>());
    // @ts-expect-error the schema has no such field
    push.onMessage(({ data }) => data.titel);
    const one = await push.once({ filter: ({ data }) => data.title === "a" });
    expectTypeOf(one).toEqualTypeOf<PushMessage<{ title: string; at: Date }>>();
    for await (const { data } of push.messages()) expectTypeOf(data.title).toEqualTypeOf<string>();

    const union = v.union([v.object({ kind: v.literal("a") }), v.string()]);
    const node = await connectNode({ ...to, service: true, schema: union });
    node.onMessage(({ data }) => expectTypeOf(data).toEqualTypeOf<{ kind: "a" } | string>());

    const claimed = await connect<News>(to);
    claimed.onMessage(({ data }) => expectTypeOf(data).toEqualTypeOf<News>());
    const plain = await connect(to);
    plain.onMessage(({ data }) => expectTypeOf(data).toEqualTypeOf<PushData>());

    PushProvider({ connect: async () => push });
    useMessages<News>(({ data }) => expectTypeOf(data).toEqualTypeOf<News>());
    expectTypeOf(usePush<News>().push).toEqualTypeOf<PushClient<News> | undefined>();
    // @ts-expect-error not a schema
    await connect({ ...to, schema: { parse: () => 1 } });
  };
  expect(read).toBeTypeOf("function");
});
