/** The objects of a mesh except devices (device-shell.ts), each on its part of the shared database. */
import { appIdIn } from "../../../core/identity/app-id.ts";
import { CallLimiter } from "../../../core/tag/fan-out/call-limiter.ts";
import { AliasShell } from "../../../objects/alias/alias-shell.ts";
import { AppDirectoryShell } from "../../../objects/app/app-directory-shell.ts";
import { AppShell } from "../../../objects/app/app-shell.ts";
import { APP_DIRECTORY_NAME } from "../../../objects/interfaces/rpc.ts";
import { LiveShell } from "../../../objects/live/live-shell.ts";
import type { StoragePort } from "../../../objects/runtime.ts";
import { TagDirectoryShell } from "../../../objects/tag/tag-directory-shell.ts";
import { type TagSettings, TagShell } from "../../../objects/tag/tag-shell.ts";
import { WebhookShell } from "../../../objects/webhook/webhook-shell.ts";
import { SharedAliasStore } from "../store/alias-store.ts";
import { SharedAppStore, SharedDirectoryStore } from "../store/app-store.ts";
import type { Database } from "../store/database.ts";
import { SharedLiveStore } from "../store/live-store.ts";
import { SharedTagDirectoryStore } from "../store/tag-directory-store.ts";
import { SharedTagStore } from "../store/tag-store.ts";
import { SharedWebhookStore } from "../store/webhook-store.ts";
import type { Mesh } from "./mesh.ts";
import { MachineRuntime, RowAlarm } from "./runtime.ts";

/** Objects share a thread, so this is not for speed: a node with slow devices must not hold up others. */
const PARALLEL_NODES = 8;
/** A device is called within a turn. A call that takes longer waits for the network, and phones take 100 ms and more. */
const CALLED_MS = 4;
/** Of all fan-outs of this process. */
const calls = new CallLimiter(CALLED_MS);

export const appOf = (mesh: Mesh, appId: string, woke?: () => void): AppShell =>
  new AppShell(
    new MachineRuntime(mesh, appId, {
      store: (writer) => new SharedAppStore(mesh.db, mesh.keyring, appId, writer),
      ...(woke && { woke }),
    }),
    crypto.subtle,
  );

export const appDirectoryOf = (mesh: Mesh): AppDirectoryShell =>
  new AppDirectoryShell(
    new MachineRuntime(mesh, APP_DIRECTORY_NAME, {
      store: (writer) => new SharedDirectoryStore(mesh.db, writer),
    }),
  );

export const tagDirectoryOf = (mesh: Mesh, name: string): TagDirectoryShell =>
  new TagDirectoryShell(
    new MachineRuntime(mesh, name, {
      store: (writer) => new SharedTagDirectoryStore(mesh.db, name, writer),
    }),
    mesh.peers,
  );

export function tagOf(mesh: Mesh, name: string, woke: () => void): TagShell {
  const settings: TagSettings = {
    nodeMembers: mesh.nodeMembers,
    parallelNodes: PARALLEL_NODES,
    calls,
    appId: (app) => appIdIn(mesh.keyring, app),
    directoryShards: 1,
    sliceMs: null,
    isImporting: false,
    mayWake: null,
  };
  const runtime = new MachineRuntime(mesh, name, {
    store: (writer) => new SharedTagStore(mesh.db, name, writer),
    alarm: (store) => new RowAlarm(mesh.nodeAlarms, store),
    woke,
  });
  return new TagShell(runtime, mesh.peers, settings);
}

export function aliasOf(mesh: Mesh, name: string, woke: () => void): AliasShell {
  const ring = () => void shell.alarm().catch(mesh.report);
  const runtime = new MachineRuntime(mesh, name, {
    store: (writer) => new SharedAliasStore(mesh.db, name, writer),
    alarm: mesh.aliasAlarms.of(ring),
    woke,
  });
  const shell = new AliasShell(runtime, mesh.peers);
  return shell;
}

export const webhookOf = (mesh: Mesh, name: string, woke: () => void): WebhookShell =>
  new WebhookShell(
    new MachineRuntime(mesh, name, {
      store: (writer) => new SharedWebhookStore(mesh.db, mesh.keyring, name, writer),
      alarm: (store) => new RowAlarm(mesh.webhookAlarms, store),
      woke,
    }),
    mesh.peers,
    mesh.webhookPost,
  );

export function liveOf(mesh: Mesh, name: string, woke: () => void): LiveShell {
  const runtime = new MachineRuntime(mesh, name, {
    store: () => new SharedLiveStore(mesh.db, name),
    storage: sharedStorage(mesh.db),
    woke,
  });
  const { peers, keyring } = mesh;
  return new LiveShell(runtime, { peers, keyring, subtle: crypto.subtle });
}

/** For live nodes, which keep their memory when a row could not be written. */
const sharedStorage = (db: Database): StoragePort => ({
  failure: null,
  gate: () => db.committed(),
  atomic: (run) => run(),
  end() {},
  fail: (error) => error,
});
