/** Fields that several bodies of the HTTPS API have. */
import * as z from "zod";
import { LIMITS } from "../limits.ts";

const utf8 = new TextEncoder();
const utf8Bytes = (text: string): number => utf8.encode(text).length;

/** Text of 1 to `max` UTF-8 bytes. */
export const boundedText = (max: number) =>
  z
    .string()
    .min(1)
    .refine((text) => utf8Bytes(text) <= max, `must be at most ${max} bytes of UTF-8`);

/** Text without lone surrogates, of 1 to `max` bytes: what a tag or alias is called is compared byte by byte. */
const nameText = (max: number) =>
  boundedText(max).refine((text) => text.isWellFormed(), "must be well-formed Unicode");

/** A tag as a caller names it. */
export const tagText = nameText(LIMITS.TAG_BYTES);
/** An alias as a caller names it. */
export const aliasText = nameText(LIMITS.ALIAS_BYTES);
/** A regId as a caller names it; what is behind it is looked at later. */
export const regIdText = z.string().min(1).max(256);

/**
 * Makes the schema of an answer, once it is asked for. Only the documents and the tests ask: the edge knows answers by their types, and
 * would make some ninety schemas at each start for nothing.
 */
export function lazily<Value>(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** Of an answer: how many there are. */
export const count = lazily(() => z.int().min(0));
/** Of an answer: when it was. */
export const milliseconds = lazily(() => z.int().describe("Milliseconds since 1970."));
/** Of an answer: from the request's arrival at the edge. A clock that is set back makes it negative. */
export const tookMs = lazily(() =>
  z.int().describe("Milliseconds from the request's arrival to this answer."),
);

/** What its reader may not change. */
type Immutable<T> = T extends readonly (infer Item)[]
  ? readonly Immutable<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Immutable<T[Key]> }
    : T;

/** The type of an answer. */
export type AnswerOf<Schema extends () => z.ZodType> = Immutable<z.output<ReturnType<Schema>>>;

/** Of lists of regIds. */
export const regIdList = z.array(regIdText).max(LIMITS.SUBSCRIBE_REGISTRATIONS);

/** Added and removed at once: in which order would be ours to guess. */
export const isDistinct = <T extends { add: string[]; remove: string[] }>({
  add,
  remove,
}: T): boolean => {
  const added = new Set(add);
  return !remove.some((regId) => added.has(regId));
};
export const DISTINCT = { message: "names a regId that add names too", path: ["remove"] };
