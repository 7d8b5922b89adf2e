/** How a registration begins and ends: what else begins and ends with it. */
import type { Effects } from "../link/effects.ts";
import { EVERYONE } from "../tag/name.ts";
import type { Registration } from "./registration.ts";
import type { Rooms } from "./rooms.ts";

/**
 * Registers an app; it joins the tag of all devices in the background.
 *
 * @throws MeshError too_many_registrations
 */
export function begin(rooms: Rooms, app: string, now: number, effects: Effects): Registration {
  const { registrations, subscriptions, aliases, clock } = rooms;
  const comesBack = registrations.ofApp(app)?.record.endedAt != null;
  const registration = registrations.open(app, now);
  if (comesBack) {
    subscriptions.abandon(registration.slot);
    aliases.abandon(registration.slot);
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
export function ground(
  { delivery, broadcasts }: Rooms,
  registration: Registration,
  now: number,
  effects: Effects,
): void {
  delivery.ground(registration, now, effects);
  broadcasts.ground(registration, effects);
}

/** Ends a registration at once; its tags and aliases hear of it in the background. */
export function end(rooms: Rooms, registration: Registration, now: number, effects: Effects): void {
  ground(rooms, registration, now, effects);
  // First: what it gives up is told from what it took again by its being over.
  rooms.registrations.end(registration, now);
  clear(rooms, registration, rooms.generation(), now, effects);
}

/** Another account has taken the device over: nothing of this registration stays. */
export function forget(
  rooms: Rooms,
  registration: Registration,
  now: number,
  effects: Effects,
): void {
  clear(rooms, registration, rooms.generation() - 1, now, effects);
  rooms.registrations.drop(registration);
}

function clear(
  rooms: Rooms,
  registration: Registration,
  generation: number,
  now: number,
  effects: Effects,
): void {
  const { mailbox, firstAcks, subscriptions, aliases, attributes } = rooms;
  mailbox.clear(registration, now, effects);
  firstAcks.end(registration.slot);
  subscriptions.end(registration, now, effects);
  aliases.end(registration, generation, now, effects);
  attributes.write(registration.slot, null);
}
