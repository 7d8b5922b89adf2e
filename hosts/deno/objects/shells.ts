/** The objects of a mesh, each on its part of the shared database. */
import { AppShell } from "../../../objects/app.ts";
import { AppDirectory } from "../../../objects/app-directory.ts";
import { APP_DIRECTORY_NAME } from "../../../objects/interfaces/rpc.ts";
import { TagDirectoryShell } from "../../../objects/tag-directory.ts";
import { SharedAppStore, SharedDirectoryStore } from "../store/app-store.ts";
import { SharedTagDirectoryStore } from "../store/tag-directory-store.ts";
import type { Mesh } from "./mesh.ts";
import { MachineRuntime } from "./runtime.ts";

export const appOf = (mesh: Mesh, appId: string): AppShell =>
  new AppShell(
    new MachineRuntime(mesh, appId, {
      store: (writer) => new SharedAppStore(mesh.db, appId, writer),
    }),
  );

export const appDirectoryOf = (mesh: Mesh): AppDirectory =>
  new AppDirectory(
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
