/** Objects of tags and aliases that were never heard of. */
import { env } from "cloudflare:workers";
import { aliasObjectName, nodeObjectName, tagIdOf } from "../../../core/tag/name.ts";
import type { AliasObject } from "../../../objects/durable/alias.ts";
import type { TagObject } from "../../../objects/durable/tag.ts";
import type { TagDirectoryObject } from "../../../objects/durable/tag-directory.ts";
import { newApp, randomText } from "./client.ts";

interface Bindings {
  readonly TAGS: DurableObjectNamespace<TagObject>;
  readonly ALIASES: DurableObjectNamespace<AliasObject>;
  readonly TAG_DIRECTORIES: DurableObjectNamespace<TagDirectoryObject>;
}

export const { TAGS, ALIASES, TAG_DIRECTORIES } = env as unknown as Bindings;

/** The root of a tag. */
export function rootOf(app: string, tag: string): DurableObjectStub<TagObject> {
  return TAGS.getByName(nodeObjectName({ app, tagId: tagIdOf(app, tag), path: "" }));
}

export const newNode = (): DurableObjectStub<TagObject> => rootOf(newApp().app, randomText(9));

export const newAlias = (): DurableObjectStub<AliasObject> =>
  ALIASES.getByName(aliasObjectName(newApp().app, randomText(9)));
