/** Converts the stored state of an app's directory to lines of an export, and back. */
import { type DirectoryLine, EXPORT_CHANGES } from "../../schema/export.ts";
import type { ChangeStore } from "../app/changes.ts";
import { TagDirectory, type TagDirectoryStore } from "../tag/directory/directory.ts";

/** @param app base64url of the app's 8 bytes */
export function* readDirectory(
  app: string,
  store: TagDirectoryStore & ChangeStore,
): Generator<DirectoryLine> {
  for (const { listeners: _, ...report } of store.all()) {
    // Tags known only because of listeners: the listeners will report them again.
    if (report.members === 0 && report.lastBroadcastAt === null) continue;
    yield { kind: "tag", app, ...report };
  }
  const begun = Array.from(store.listChanges(), ({ id, at }) => ({ id, at }));
  for (let from = 0; from < begun.length; from += EXPORT_CHANGES)
    yield { kind: "changes", app, begun: begun.slice(from, from + EXPORT_CHANGES) };
}

/** Writes lines of a directory. Listener counts are 0, because nobody listens on a mesh that is not serving yet. */
export function writeDirectory(
  store: TagDirectoryStore & ChangeStore,
  lines: Iterable<DirectoryLine>,
): void {
  const directory = new TagDirectory({ store });
  let slot = Array.from(store.listChanges()).length;
  for (const line of lines) {
    if (line.kind === "changes") for (const change of line.begun) store.putChange(slot++, change);
    else {
      const { tag, members, lastBroadcastAt } = line;
      directory.report({ tag, members, lastBroadcastAt, listeners: 0 });
    }
  }
}
