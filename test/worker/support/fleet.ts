/** A device with one registration, ready to be sent to. */
import type { TestApp } from "./app.ts";
import { type Account, createKeys, type DeviceKeys, openAccount, randomText } from "./device.ts";
import { TestLink } from "./link.ts";

export interface Recipient {
  readonly keys: DeviceKeys;
  readonly account: Account;
  readonly link: TestLink;
  readonly regId: string;
}

export async function createRecipient({ appId }: Pick<TestApp, "appId">): Promise<Recipient> {
  const keys = await createKeys();
  const account = await openAccount(keys, [randomText(32)]);
  const link = await TestLink.open(keys, account);
  return { keys, account, link, regId: await link.register(appId) };
}
