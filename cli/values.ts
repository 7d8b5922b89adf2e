/**
 * Checks of JSON that a user, or an earlier command, wrote. By hand: to load zod takes 0.17 s of a core, half of what a command takes.
 */

export const isText = (value: unknown): value is string => typeof value === "string";

/** No array, and not null. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const isRecordOf = <Member>(
  value: unknown,
  isMember: (member: unknown) => member is Member,
): value is Record<string, Member> => isObject(value) && Object.values(value).every(isMember);
