/** Fields shared by several bodies of the HTTPS API. */
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

/** Text of 1 to `max` bytes without lone surrogates, because tags and aliases are compared byte by byte. */
export const nameText = (max: number) =>
  boundedText(max).refine((text) => text.isWellFormed(), "must be well-formed Unicode");

/** A tag in a request. */
export const tagText = nameText(LIMITS.TAG_BYTES);
/** An alias in a request. */
export const aliasText = nameText(LIMITS.ALIAS_BYTES);
/** An Idempotency-Key: visible ASCII. */
export const IDEMPOTENCY_KEY = new RegExp(`^[\\x21-\\x7e]{1,${LIMITS.IDEMPOTENCY_KEY_CHARS}}$`);
export const idempotencyKeyText = z
  .string()
  .regex(IDEMPOTENCY_KEY, `must be 1 to ${LIMITS.IDEMPOTENCY_KEY_CHARS} visible ASCII characters`);
/** A regId in a request; it is opened later. */
export const regIdText = z.string().min(1).max(256);

/**
 * Creates a schema when it is first used. The schemas of answers are used only by tests and generators: the edge needs only their types,
 * and would otherwise create some ninety schemas at each start.
 */
export function lazily<Value>(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** In an answer: a number of things. */
export const count = lazily(() => z.int().min(0));
/** In an answer: a time. */
export const milliseconds = lazily(() => z.int().describe("Milliseconds since 1970."));
/** In an answer: the duration since the request arrived at the edge. Negative if the clock was set back. */
export const tookMs = lazily(() =>
  z.int().describe("Milliseconds from the request's arrival to this answer."),
);

/** A type whose properties are all readonly, recursively. */
type Immutable<T> = T extends readonly (infer Item)[]
  ? readonly Immutable<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Immutable<T[Key]> }
    : T;

/** The type of an answer. */
export type AnswerOf<Schema extends () => z.ZodType> = Immutable<z.output<ReturnType<Schema>>>;

/** A list of regIds in a request. */
export const regIdList = z.array(regIdText).max(LIMITS.SUBSCRIBE_REGISTRATIONS);

/** False if a regId is both added and removed: the intended order would be unknown. */
export const isDistinct = <T extends { add: string[]; remove: string[] }>({
  add,
  remove,
}: T): boolean => {
  const added = new Set(add);
  return !remove.some((regId) => added.has(regId));
};
export const DISTINCT = { message: "names a regId that add names too", path: ["remove"] };

/** A local time without a zone, as RFC 3339 writes it, with or without seconds. That there is such a day is checked later. */
const localTime = z
  .string()
  .regex(
    /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/,
    "must be a local time such as 2026-12-24T18:00, without a zone",
  );

/** When a message is to be sent. */
export const sendTime = z.union(
  [
    z.iso.datetime({ offset: true }),
    /** In the time zone of the device; in UTC if it has told none. */
    z.strictObject({ local: localTime }),
  ],
  "must be a time of RFC 3339 such as 2026-12-24T18:00:00Z, or {local} with a time without a zone",
);
export type SendTime = z.output<typeof sendTime>;
