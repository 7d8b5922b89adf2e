/** The tags in the directory of one app, as lines of an export, and back: the same for every host. */
import type { TagLine } from "../../schema/export.ts";
import { TagDirectory, type TagDirectoryStore } from "../tag/directory.ts";

/** @param app base64url of the app's 8 bytes */
export function* readTags(app: string, store: TagDirectoryStore): Generator<TagLine> {
  for (const { listeners: _, ...report } of store.all()) {
    // What only listeners made known, they make known again.
    if (report.members === 0 && report.lastBroadcastAt === null) continue;
    yield { kind: "tag", app, ...report };
  }
}

/** Nobody listens on a mesh that serves nobody yet. */
export function writeTags(store: TagDirectoryStore, lines: Iterable<TagLine>): void {
  const directory = new TagDirectory({ store });
  for (const { tag, members, lastBroadcastAt } of lines)
    directory.report({ tag, members, lastBroadcastAt, listeners: 0 });
}
