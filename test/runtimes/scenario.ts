/**
 * What a device does in its life, as one script that runs unchanged in Node, Deno, Bun and a browser, against a real
 * mesh and the SDK as it is built. In two acts: between them the runtime restarts, and only the storage stays.
 */
import type * as Sdk from "../../sdk/device/mod.ts";

/** What a send says, as `PushServer.send` takes it. */
export interface ScenarioSend {
  readonly to: string | { readonly tag: string };
  readonly data?: string | Record<string, unknown>;
  readonly dataBase64?: string;
  readonly priority?: "high" | "normal" | "low";
}

export interface ScenarioContext {
  /** The device SDK, as its user would import it. */
  readonly sdk: typeof Sdk;
  /** The mesh. */
  readonly url: string;
  readonly appId: string;
  /** Sends as the app's server; rejects or answers with a code where the mesh refuses. */
  send(
    message: ScenarioSend,
    options?: { readonly idempotencyKey?: string; readonly respondAsync?: boolean },
  ): Promise<{ readonly id?: string; readonly status?: string; readonly code?: string }>;
  /** Outlives the restart. The default of the runtime where it is absent. */
  readonly storage?: Sdk.Storage;
  /** The socket of the push service that it is to attach to; a link of its own where it is absent. */
  readonly service?: string;
}

/** What the first act leaves to the second. */
export interface Handover {
  readonly regId: string;
  readonly queuedIds: readonly string[];
  readonly shownIds: readonly string[];
  /** Of what was broadcast while the device was away. */
  readonly missedIds: readonly string[];
}

/** Text with every kind of trouble: other scripts, a surrogate pair, a zero. */
const TEXT = "Grüße, 世界 \u{1F600} \u0000 end";

function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`it does not hold that ${what}`);
}

function checkEqual(actual: unknown, expected: unknown, what: string): void {
  const [got, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  check(got === wanted, `${what} is ${wanted}; it is ${got}`);
}

/** Resolves when `holds` does; asked anew after each message. */
interface Inbox {
  readonly messages: Sdk.PushMessage[];
  until(count: number): Promise<void>;
}

function collect(client: Sdk.PushClient): Inbox {
  const messages: Sdk.PushMessage[] = [];
  let wake = (): void => {};
  client.onMessage((message) => {
    messages.push(message);
    wake();
  });
  return {
    messages,
    until: async (count) => {
      while (messages.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

const open = ({ sdk, url, appId, storage, service }: ScenarioContext): Promise<Sdk.PushClient> => {
  const attaching = service === undefined ? {} : { service };
  return sdk.connect({ url, appId, ...(storage === undefined ? {} : { storage }), ...attaching });
};

const TAG = "Schlagzeilen/1 \u{1F4F0}";

/** A new device registers, receives each form of data, and leaves while messages come for it. */
export async function firstAct(context: ScenarioContext): Promise<Handover> {
  const { send } = context;
  const client = await open(context);
  const inbox = collect(client);
  const regId = await client.register();
  check((await client.ping()) >= 0, "an echo comes back");

  const forms = [
    { data: { nested: { list: [1, null, TEXT] } }, priority: "high" },
    { data: TEXT, priority: "normal" },
    { dataBase64: "AP+A", priority: "low" },
  ] as const;
  for (const form of forms) {
    const answer = await send({ to: regId, ...form });
    checkEqual(answer.status, "delivered", `the answer for ${form.priority}`);
    checkEqual(inbox.messages.at(-1)?.id, answer.id, "the ID that the app saw");
    checkEqual(inbox.messages.at(-1)?.priority, form.priority, "the priority");
  }
  const [json, text, bytes] = inbox.messages.map(({ data }) => data);
  checkEqual(json, forms[0].data, "JSON");
  checkEqual(text, TEXT, "text");
  check(bytes instanceof Uint8Array, "bytes come as bytes");
  checkEqual([...bytes], [0, 255, 128], "bytes");

  const twice = { idempotencyKey: `twice-${regId.slice(-12)}` };
  const [once, again] = [
    await send({ to: regId, data: "twice" }, twice),
    await send({ to: regId, data: "twice" }, twice),
  ];
  checkEqual(again.id, once.id, "the ID of a retried send");
  checkEqual(inbox.messages.length, forms.length + 1, "the number of messages shown");

  await client.subscribe([TAG, "another"]);
  await client.unsubscribe("another");
  await client.setAttributes({ platform: "test", custom: { one: "1" } });
  checkEqual(await client.describe(), { tags: [TAG], aliases: [] }, "what the mesh tells");
  const live = await send({ to: { tag: TAG }, data: TEXT });
  await inbox.until(forms.length + 2);
  const { id, tag, data } = inbox.messages.at(-1) ?? {};
  checkEqual({ id, tag, data }, { id: live.id, tag: TAG, data: TEXT }, "a broadcast");

  await client.close();
  const queuedIds: string[] = [];
  for (let n = 0; n < 5; n++) {
    const answer = await send({ to: regId, data: { n } }, { respondAsync: true });
    checkEqual(answer.status, "queued", "the answer while the device is away");
    queuedIds.push(answer.id ?? "");
  }
  const missedIds: string[] = [];
  for (let n = 0; n < 3; n++) {
    const answer = await send({ to: { tag: TAG }, data: { n } });
    checkEqual(answer.status, "accepted", "the answer to a broadcast");
    missedIds.push(answer.id ?? "");
  }
  return { regId, queuedIds, shownIds: inbox.messages.map(({ id }) => id), missedIds };
}

/** The same device comes back, gets what was queued, once and in order, and unregisters. */
export async function secondAct(
  context: ScenarioContext,
  { regId, queuedIds, shownIds, missedIds }: Handover,
): Promise<void> {
  const client = await open(context);
  checkEqual(client.regId, regId, "the regId after a restart, before the network");
  const inbox = collect(client);
  checkEqual(await client.register(), regId, "the regId after a restart");
  await inbox.until(queuedIds.length + missedIds.length);
  const seen = inbox.messages.map(({ id }) => id);
  const idsOf = (tag: string | undefined) =>
    inbox.messages.filter((message) => message.tag === tag).map(({ id }) => id);
  checkEqual(idsOf(undefined), queuedIds, "what came after the restart");
  checkEqual(idsOf(TAG), missedIds, "what was broadcast meanwhile");
  check(!seen.some((id) => shownIds.includes(id)), "nothing comes twice");

  const answer = await context.send({ to: regId, data: "live again" });
  checkEqual(answer.status, "delivered", "the answer after the restart");
  await client.unregister();
  const refused = await context.send({ to: regId, data: "gone" });
  checkEqual(refused.code, "unregistered", "the answer after unregister");
  await client.close();
}

/** Both acts in one runtime, for a mesh at hand: the SDK is left and joined again instead of a restart. */
export async function run(context: ScenarioContext): Promise<void> {
  await secondAct(context, await firstAct(context));
}
