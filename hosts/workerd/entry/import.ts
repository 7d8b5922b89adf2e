/** Passes the lines of an export to their objects. */
import { aliasObjectName } from "../../../core/tag/name.ts";
import {
  type AliasImportRpc,
  type AliasRpc,
  APP_DIRECTORY_NAME,
  type AppDirectoryImportRpc,
  type AppDirectoryRpc,
  type AppImportRpc,
  type AppRpc,
  type DeviceImportRpc,
  type DeviceRpc,
  type TagDirectoryImportRpc,
  type TagDirectoryRpc,
  type TagImportRpc,
  type TagRpc,
} from "../../../objects/interfaces/rpc.ts";
import type { DataLine } from "../../../schema/export.ts";
import type { Env, ObjectNamespace } from "../../../worker/env.ts";
import { batchOf } from "../../move/batch.ts";

/** The bindings, with the methods that only an import calls. */
export interface ImportEnv
  extends Omit<Env, "DEVICES" | "APPS" | "APP_DIRECTORY" | "TAGS" | "ALIASES" | "TAG_DIRECTORIES"> {
  readonly DEVICES: ObjectNamespace<DeviceRpc & DeviceImportRpc>;
  readonly APPS: ObjectNamespace<AppRpc & AppImportRpc>;
  readonly APP_DIRECTORY: ObjectNamespace<AppDirectoryRpc & AppDirectoryImportRpc>;
  readonly TAGS: ObjectNamespace<TagRpc & TagImportRpc>;
  readonly ALIASES: ObjectNamespace<AliasRpc & AliasImportRpc>;
  readonly TAG_DIRECTORIES: ObjectNamespace<TagDirectoryRpc & TagDirectoryImportRpc>;
}

/** Writes lines to empty objects; resolves when they are on disk. */
export async function importLines(env: ImportEnv, lines: Iterable<DataLine>): Promise<void> {
  const { apps, operators, aliases, tags, nodes, devices } = batchOf(lines);
  for (const app of apps) {
    await env.APPS.getByName(app.appId).write(app);
    const { appId, name, createdAt } = app;
    await env.APP_DIRECTORY.getByName(APP_DIRECTORY_NAME).add({ appId, name, createdAt });
  }
  if (operators.length > 0) await env.APP_DIRECTORY.getByName(APP_DIRECTORY_NAME).write(operators);
  await Promise.all([
    ...aliases.map((line) =>
      env.ALIASES.getByName(aliasObjectName(line.app, line.alias)).write(line),
    ),
    ...Array.from(tags, ([app, own]) => env.TAG_DIRECTORIES.getByName(app).write(own)),
    ...Array.from(nodes, ([name, parts]) => env.TAGS.getByName(name).write(parts)),
  ]);
  // Devices last: they may call the other objects.
  await Promise.all(
    Array.from(devices, ([name, parts]) => env.DEVICES.getByName(name).write(parts)),
  );
}
