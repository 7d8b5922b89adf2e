/** P1.4 as one script for every host of objects: a device that sleeps between every two steps of its life. */
import { expect } from "vitest";
import type { StatusAnswer, StatusRequest } from "../../../core/device/types.ts";
import type { Keyring } from "../../../core/identity/keyring.ts";
import type { SendAnswer, SendRequest } from "../../../core/message/send.ts";
import type { DeviceEnd } from "./device-end.ts";
import { SealedSleeper } from "./sealed-sleeper.ts";

const utf8 = new TextEncoder();

/** A device whose account is made, and the host's ways to it. */
export interface Sleeper {
  /** Opens a link, and waits for its welcome. */
  connect(greeting?: { readonly attach: number[] }): Promise<DeviceEnd>;
  send(app: string, fields: Partial<SendRequest>): Promise<SendAnswer>;
  status(request: StatusRequest): Promise<StatusAnswer>;
  /** Resolves when the object has left memory; its sockets stay. Rejects where it had something to do. */
  sleep(): Promise<void>;
  openedApp(): Promise<{ readonly app: string; readonly appId: string }>;
}

/** @param keyring of the mesh, if the app is to have a key with it */
export async function sleepBetweenEveryTwoSteps(device: Sleeper, keyring?: Keyring): Promise<void> {
  const sealed = keyring === undefined ? undefined : new SealedSleeper(keyring);
  const take = (link: DeviceEnd) => sealed?.messages(link) ?? link.messages();
  const send = (app: string, text: string, fields: Partial<SendRequest> = {}) =>
    device.send(app, { data: utf8.encode(text), ...fields });
  const { app, appId } = await device.openedApp();
  await device.sleep();
  // Not between open and hello: on Workers the timer for hello keeps the object awake.
  const link = await device.connect();
  await device.sleep();
  const value = (await sealed?.register(appId)) ?? { request: 1, appId };
  link.command({ kind: "register", value });
  const registered = await link.expect("registered");
  sealed?.registered(registered.value.registration);
  await device.sleep();
  expect(await send(app, "1", { waitMs: 0 })).toMatchObject({ status: "queued" });
  await device.sleep();
  link.command({ kind: "attach", value: { slot: 1 } });
  const first = await take(link);
  expect(first).toHaveLength(1);
  await device.sleep();
  expect(await send(app, "2", { waitMs: 0 })).toMatchObject({ status: "queued" });
  const second = await take(link);
  await device.sleep();
  link.acknowledge(first);
  await link.synced();
  await device.sleep();
  const live = send(app, "3");
  const third = await take(link);
  link.acknowledge(third);
  expect(await live).toMatchObject({ status: "delivered" });
  await device.sleep();
  const all = [...first, ...second, ...third];
  const seqs = all.map(({ seq }) => seq);
  expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
  for (const { seq, key } of all) {
    expect(await device.status({ app, generation: 1, seq, key })).toMatchObject({
      status: "delivered",
    });
    await device.sleep();
  }
  const next = await device.connect({ attach: [1] });
  // Anything before the refusal that this waits for would be a message that came again.
  await next.synced();
}
