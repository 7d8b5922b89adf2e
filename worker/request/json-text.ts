/**
 * Finds what JSON.parse drops silently: digits beyond the precision of a double, and all but the last of members with one name.
 * Scans text that JSON.parse has accepted, in one pass (2 µs for 300 bytes).
 */
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";

/** The position of a value in its text. */
interface Span {
  readonly start: number;
  readonly end: number;
  /** Whether JavaScript would write every number in it exactly as it is written here. */
  readonly isPlain: boolean;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;
const NUMBER = /[-+.\deE]+/y;
/** A string, or the text between two strings. */
const PIECES = /"(?:[^"\\]|\\.)*"|[^"]+/g;

/** The position after the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  // Text that is no JSON may have no end.
  while (at < text.length && text.charCodeAt(at) !== QUOTE)
    at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at + 1;
}

const unquoted = (token: string): string =>
  token.includes("\\") ? (JSON.parse(token) as string) : token.slice(1, -1);

/** @throws MeshError `field_invalid` for a name that is there already */
function addName(names: Set<string>, name: string): void {
  if (names.has(name)) {
    const field = name.slice(0, 64);
    throw new MeshError("field_invalid", `${field}: given twice in one object`, { field });
  }
  names.add(name);
}

/** Text below this length is not searched: what is nested in it overflows no stack, and its members cost little. */
const SMALL_CHARS = 4_096;
/** Data may be nested `LIMITS.DATA_DEPTH` deep; this leaves twice as much for what is around it. */
export const JSON_DEPTH = 2 * LIMITS.DATA_DEPTH;

/**
 * Why JSON is not parsed: it is nested so deep that whatever reads it may overflow its stack, or has an object with so many members that it takes
 * tenths of a second (90,000 in 1 MB: 0.3 s). The mesh takes no such JSON in any field.
 *
 * @param text which may be no JSON
 * @returns null if there is no reason
 */
export function costlyJson(text: string): string | null {
  if (text.length < SMALL_CHARS) return null;
  let depth = 0;
  /** By depth: of the object that is open there. */
  const members = new Uint32Array(JSON_DEPTH + 1);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = text.indexOf('"', at + 1);
      // Most strings have no escapes.
      at = end < 0 || text.charCodeAt(end - 1) === BACKSLASH ? endOfString(text, at) - 1 : end;
    } else if (code === COLON) {
      const count = (members[depth] ?? 0) + 1;
      if (count > LIMITS.JSON_MEMBERS)
        return `an object of the JSON has more than ${LIMITS.JSON_MEMBERS} members`;
      members[depth] = count;
    } else if (code === OPEN_OBJECT || code === OPEN_LIST) {
      if (++depth > JSON_DEPTH) return `the JSON is nested more than ${JSON_DEPTH} deep`;
      members[depth] = 0;
    } else if (code === CLOSE_OBJECT || code === CLOSE_LIST) depth--;
  }
  return null;
}

/**
 * Finds the members of the outermost object.
 *
 * @param text JSON that JSON.parse accepts
 * @returns the members by name; none if the text is not an object
 * @throws MeshError `field_invalid` naming a duplicate member, at any depth
 */
export function membersOf(text: string): ReadonlyMap<string, Span> {
  const members = new Map<string, Span>();
  /** Names of the members of each open object so far; null for an open array. */
  const open: (Set<string> | null)[] = [];
  let names: Set<string> | null = null;
  let isName = false;
  let member = "";
  let start = 0;
  let isPlain = true;
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(text, at);
      if (isName && names !== null) {
        const name = unquoted(text.slice(at, end));
        addName(names, name);
        if (open.length === 1) member = name;
        isName = false;
      }
      at = end;
      continue;
    }
    if (code === MINUS || isDigit(code)) {
      NUMBER.lastIndex = at;
      const token = NUMBER.exec(text)?.[0] ?? "";
      isPlain &&= String(Number(token)) === token;
      at += token.length;
      continue;
    }
    if (open.length === 1 && (code === COMMA || code === CLOSE_OBJECT) && names !== null) {
      if (names.size > 0) members.set(member, { start, end: at, isPlain });
    }
    if (open.length === 1 && code === COLON) {
      start = at + 1;
      isPlain = true;
    }
    if (code === OPEN_OBJECT || code === OPEN_LIST) {
      names = code === OPEN_OBJECT ? new Set() : null;
      open.push(names);
    } else if (code === CLOSE_OBJECT || code === CLOSE_LIST) {
      open.pop();
      names = open.at(-1) ?? null;
    }
    if (code === OPEN_OBJECT || code === COMMA) isName = names !== null;
    at++;
  }
  return members;
}

/**
 * Finds the elements of a list in the outermost object. What is in them is not looked at.
 *
 * @param text JSON that JSON.parse accepts
 * @param list the member that has the list; none are found if it has anything else
 * @throws MeshError `field_invalid` naming a duplicate member of the outermost object
 */
export function elementsOf(text: string, list: string): readonly Omit<Span, "isPlain">[] {
  const elements: Omit<Span, "isPlain">[] = [];
  const names = new Set<string>();
  let depth = 0;
  let isName = false;
  let member = "";
  let isInList = false;
  let start = 0;
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(text, at);
      if (isName && depth === 1) {
        member = unquoted(text.slice(at, end));
        addName(names, member);
        isName = false;
      }
      at = end;
      continue;
    }
    const isEnd = code === CLOSE_OBJECT || code === CLOSE_LIST;
    if (isInList && depth === 2 && (code === COMMA || isEnd)) {
      if (text.slice(start, at).trim() !== "") elements.push({ start, end: at });
      start = at + 1;
    }
    if (code === OPEN_OBJECT || code === OPEN_LIST) {
      depth++;
      if (depth === 1) isName = code === OPEN_OBJECT;
      if (depth === 2) {
        isInList = code === OPEN_LIST && member === list;
        start = at + 1;
      }
    } else if (isEnd) {
      depth--;
    } else if (code === COMMA && depth === 1) {
      isName = true;
    }
    at++;
  }
  return elements;
}

/**
 * Formats a value as compact JSON, with every number as it was written.
 *
 * @param value the parsed value
 */
export function compactJson(text: string, span: Span | undefined, value: unknown): string {
  if (span === undefined || span.isPlain) return JSON.stringify(value);
  return text
    .slice(span.start, span.end)
    .replace(PIECES, (piece) =>
      piece.startsWith('"') ? JSON.stringify(JSON.parse(piece)) : piece.replace(/\s+/g, ""),
    );
}
