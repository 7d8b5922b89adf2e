/** `pushmesh listen` as a device: an account, a registration and its messages. */
import { join } from "node:path";
import {
  type Attributes,
  connect,
  fileStorage,
  type GrantCallback,
  type PushClient,
  type StateChange,
} from "../../sdk/device/node.ts";
import { lockFolder } from "../files/device-folder.ts";
import { messageJson, messageLine } from "../message/data.ts";
import type { Output } from "../output.ts";
import { plainMessage } from "../sdk-failures.ts";
import { interrupted } from "../signals.ts";
import { nameText, tagText } from "../terminal-text.ts";

export interface Device {
  readonly url: string;
  readonly appId: string;
  /** Keeps its key and regId. */
  readonly folder: string;
  /** Tags, alias and attributes to set with each registration. */
  readonly tags: readonly string[];
  readonly alias: string | undefined;
  readonly shared: boolean;
  readonly attributes: Attributes | undefined;
  /** What the app's server lets it do; undefined for none. */
  readonly grant: string | undefined;
}

/** Gives the mesh the grant of the command line once: if it asks again, the grant has ended. */
function givenOnce(grant: string): GrantCallback {
  let isGiven = false;
  return () => {
    if (isGiven) throw new Error("it has ended. Make another one with pushmesh grant.");
    isGiven = true;
    return grant;
  };
}

function showState({ state, error, retryInMs }: StateChange, output: Output): void {
  if (state !== "waiting") return;
  const seconds = ((retryInMs ?? 0) / 1_000).toFixed(1);
  const what = error === undefined ? "the link was lost" : plainMessage(error);
  output.note(`not connected: ${what.replace(/\.$/, "")}. Next try in ${seconds} s.`);
}

/** Prints why the link is down; resolves with the error that ended it for good. */
function endOf(client: PushClient, output: Output): Promise<Error | undefined> {
  return new Promise((done) => {
    client.onState((change) => {
      showState(change, output);
      if (change.state === "closed") done(change.error);
    });
  });
}

/** Sets attributes, alias and tags; they end with a registration, and must be set again with the next. */
async function setUp(client: PushClient, device: Device): Promise<void> {
  const { tags, alias, shared, attributes } = device;
  if (attributes !== undefined) await client.setAttributes(attributes);
  if (alias !== undefined) await client.setAlias(alias, { shared });
  await client.subscribe(tags);
}

/** Registers, sets what the user asked for, then prints the regId and each message. */
async function printMessages(client: PushClient, device: Device, output: Output): Promise<void> {
  let shown = await client.register();
  const show = async (regId: string, isNew: boolean): Promise<void> => {
    // Otherwise keep it: an alias that another device took is not taken back.
    if (isNew) await setUp(client, device);
    output.result({ regId }, `regId  ${regId}`);
  };
  await show(shown, true);
  if (device.tags.length > 0) output.note(`subscribed to ${device.tags.map(tagText).join(", ")}`);
  if (device.alias !== undefined) output.note(`has the alias ${nameText(device.alias)}`);
  output.note("waiting for messages; Ctrl-C ends");
  client.onRegId((regId, isNew) => {
    if (regId === shown) return;
    shown = regId;
    show(regId, isNew).catch((error: Error) => output.note(`error: ${error.message}`));
  });
  client.onAliasLost((alias) =>
    output.result({ aliasLost: alias }, `alias ${nameText(alias)} was taken by another`),
  );
  client.onRecalled(({ id }) => output.result({ recalled: id }, `recalled  ${id}`));
  client.onState(({ state }) => {
    if (state === "connected") output.note("connected again");
  });
  client.onMessage((message) =>
    output.result(messageJson(message), messageLine(message, Date.now())),
  );
}

/** Runs the device until Ctrl-C. @throws CliFailure, PushError if it cannot run */
export async function listenAsDevice(device: Device, output: Output): Promise<void> {
  const { url, appId, folder, grant } = device;
  const lock = lockFolder(folder);
  const ended = interrupted();
  const client = await connect({
    ...{ url, appId, storage: fileStorage(join(folder, "device")) },
    ...(grant === undefined ? {} : { grant: givenOnce(grant) }),
  });
  const closed = endOf(client, output);
  const removed = new Promise<Error>((done) => client.onRemoved(done));
  client.onError((error) => output.note(`error: ${error.message}`));
  try {
    const printing = printMessages(client, device, output).then(() => closed);
    const error = await Promise.race([printing, closed, removed, ended]);
    // Without a network it may still wait to register; closing ends that with an error of its own.
    printing.catch(() => {});
    if (error !== undefined) throw error;
  } finally {
    await client.close();
    lock.release();
  }
}
