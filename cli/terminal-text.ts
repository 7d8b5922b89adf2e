/** Texts for a terminal. Any device may have named a tag or an alias, and a terminal obeys control characters. */

const PLAIN = /^[^\p{C}\p{Zl}\p{Zp}"]+$/u;
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu;

const escaped = (character: string): string =>
  [...Array(character.length).keys()]
    .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`)
    .join("");

/** The name itself if it is printable, otherwise a JSON string with escapes. */
export const nameText = (name: string): string =>
  PLAIN.test(name) ? name : JSON.stringify(name).replaceAll(UNSEEN, escaped);

/** A tag; the tag of all devices has no name. */
export const tagText = (tag: string): string => (tag === "" ? "(all devices)" : nameText(tag));

/** When a tag had its last broadcast; milliseconds since 1970. */
export const dateText = (at: number | null): string =>
  at === null ? "never" : new Date(at).toISOString();
