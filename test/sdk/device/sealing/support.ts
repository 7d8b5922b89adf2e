/** An app whose messages are sealed, and the scripted mesh that seals them. */
import { afterEach, beforeEach, expect } from "vitest";
import {
  type Host,
  memoryStorage,
  type PushMessage,
  type Storage,
} from "../../../../sdk/device/mod.ts";
import { settle, until } from "../fake/clock.ts";
import { FakeMesh, start } from "../fake/mesh.ts";
import { FakeSealing } from "../fake/sealing.ts";

export let mesh: FakeMesh;
export let sealing: FakeSealing;

/** Another mesh, with other keys. */
export function renew(): void {
  mesh = new FakeMesh();
  sealing = new FakeSealing();
  mesh.sealing = sealing;
}

/** Each test has a mesh of its own, which finds no fault with what its device sends. */
export function useSealedMesh(): void {
  beforeEach(renew);
  afterEach(() => {
    expect(mesh.violations).toEqual([]);
  });
}

/** A registered app that listens. */
export async function app(storage: Storage = memoryStorage(), host: Host = mesh.host) {
  const device = await start(mesh, { storage, sealed: true, host });
  const got: PushMessage[] = [];
  device.client.onMessage((message) => {
    got.push(message);
  });
  const lost: string[] = [];
  device.client.onAliasLost((alias) => lost.push(alias));
  await device.client.register();
  await until(() => mesh.socket.attached.size === 1, "the attach");
  const texts = () => got.map(({ data }) => data);
  const shows = (...all: string[]) => until(() => texts().length >= all.length, all.join());
  return { ...device, got, texts, shows, lost };
}

export const codes = ({ errors }: { readonly errors: readonly { readonly code: string }[] }) =>
  errors.map(({ code }) => code);
/** The registration, as the mesh has it. */
export const held = () => {
  const [registration] = mesh.registrations;
  if (registration === undefined) throw new Error("nothing is registered");
  return registration;
};
/** A number of a frame that the mesh would seal now. */
export const numberNow = (counter = 0) => (mesh.now() - Date.UTC(2024)) * 4_096 + 3_000 + counter;

export async function relink() {
  const { length } = mesh.sockets;
  mesh.socket.end(1006);
  mesh.online?.();
  await mesh.link(length + 1);
  await settle();
}
