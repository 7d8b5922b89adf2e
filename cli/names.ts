/** Tags and aliases on a terminal: any device may have named them, and a terminal obeys control characters. */

const PLAIN = /^[^\p{C}\p{Zl}\p{Zp}"]+$/u;
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu;

const escaped = (character: string): string =>
  [...Array(character.length).keys()]
    .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`)
    .join("");

/** A name as it is where it shows as it is; as a JSON string with escapes otherwise. */
export const nameText = (name: string): string =>
  PLAIN.test(name) ? name : JSON.stringify(name).replaceAll(UNSEEN, escaped);

/** A tag; the one of all devices has no name. */
export const tagText = (tag: string): string => (tag === "" ? "(all devices)" : nameText(tag));

/** When a tag had its last broadcast; milliseconds since 1970. */
export const dateText = (at: number | null): string =>
  at === null ? "never" : new Date(at).toISOString();
