/** How a registration begins and ends: what else begins and ends with it. */

import { EVERYONE } from "../condition/types.ts";
import type { Effects } from "../link/effects.ts";
import type { Registration } from "./registration.ts";
import type { Rooms } from "./rooms.ts";

/**
 * Registers an app, and stores the account with the first; it joins the tag of all devices in the background.
 *
 * @throws MeshError too_many_registrations
 */
export function begin(rooms: Rooms, app: string, now: number, effects: Effects): Registration {
  const { account, registrations, subscriptions, aliases, clock } = rooms;
  account.bind();
  const comesBack = registrations.ofApp(app)?.record.endedAt != null;
  const registration = registrations.open(app, now);
  if (comesBack) {
    subscriptions.outlive(registration.slot);
    aliases.outlive(registration.slot);
  }
  clock.observeBirth(registration.record.createdAt);
  joinEveryone(rooms, registration, now, effects);
  return registration;
}

/** What a registration lacks that was made before there were tags, or whose join failed. */
export function joinEveryone(
  { subscriptions }: Rooms,
  registration: Registration,
  now: number,
  effects: Effects,
): void {
  if (subscriptions.find(registration.slot, EVERYONE) !== undefined) return;
  subscriptions.join(registration, EVERYONE, null, now, effects);
}

/** The app listens no more, or the link is gone. */
export function detach(
  { delivery, broadcasts }: Rooms,
  registration: Registration,
  now: number,
  effects: Effects,
): void {
  delivery.detach(registration, now, effects);
  broadcasts.detach(registration, effects);
}

/**
 * Ends a registration at once; its tags and aliases hear of it in the background. What waits and what is on the socket ends
 * `unregistered`, and whoever waits for it is told so.
 */
export function end(
  { registrations, delivery, mailbox, firstAcks, broadcasts, ...rooms }: Rooms,
  registration: Registration,
  now: number,
  effects: Effects,
): void {
  const { subscriptions, aliases, attributes, debts } = rooms;
  delivery.end(registration, effects);
  mailbox.clear(registration, now, effects);
  delivery.detach(registration, now, effects);
  broadcasts.detach(registration, effects);
  // First: what it gives up is told from what it took again by its being over.
  registrations.end(registration, now);
  firstAcks.end(registration.slot);
  subscriptions.end(registration, now, effects);
  aliases.end(registration, now, effects);
  attributes.write(registration.slot, null);
  debts.expect(now);
}
