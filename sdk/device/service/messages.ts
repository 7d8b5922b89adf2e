/**
 * What a port may say. Its types hold at compile time only, and a port may lead to a page or process of another vendor: a value of another type
 * would pass for another app's name where it is compared and be that name where it is encoded, or end the link of every app.
 */
import { DEVICE_EVENTS, SUBSCRIBE_TAGS } from "../constants.ts";
import { optionInvalid } from "../errors.ts";
import type { ToService } from "../port.ts";

/** Returns what to keep of a value; throws if it is of another type. */
type Read = (value: unknown, name: string) => unknown;

/** A client has 2,024 cursors at most, and the mesh refuses what is too long for it. */
const LIST_MAX = 4_096;

function wrong(name: string): never {
  throw optionInvalid(`${name}: of a wrong type, or too long`);
}

const only =
  (isValid: (value: unknown) => boolean): Read =>
  (value, name) =>
    isValid(value) ? value : wrong(name);
const text = only((value) => typeof value === "string");
const flag = only((value) => typeof value === "boolean");
const bytes = only((value) => value instanceof Uint8Array);
/** A seq, a position, or a number of ours. */
const count = only((value) => Number.isSafeInteger(value) && (value as number) >= 0);
/** An i32 of the protocol. */
const small = only((value) => value === (value as number) >> 0 && (value as number) >= 0);
const priority = only((value) => value === 1 || value === 2 || value === 3);

const optional =
  (read: Read): Read =>
  (value, name) =>
    value === undefined ? value : read(value, name);

const list =
  (read: Read, max = LIST_MAX): Read =>
  (value, name) =>
    // Not `map`, which skips holes.
    Array.isArray(value) && value.length <= max
      ? Array.from(value, (each) => read(each, name))
      : wrong(name);

/** Keeps these fields only: any other might be read as a part of a frame. */
const struct =
  (fields: Readonly<Record<string, Read>>): Read =>
  (value) => {
    const kept: Record<string, unknown> = {};
    for (const [name, read] of Object.entries(fields)) {
      const field = read(Object(value)[name], name);
      if (field !== undefined) kept[name] = field;
    }
    return kept;
  };

const cursor = struct({ slot: small, tagRef: small, position: count });
const tags = list(text, SUBSCRIBE_TAGS);
const setup = struct({ kid: small, enc: bytes, epoch: small });
const request = count;
const link = count;

const KINDS: { readonly [K in ToService["kind"]]: Read } = {
  open: struct({
    appId: text,
    secret: optional(text),
    lastSeq: count,
    cursors: list(cursor),
  }),
  register: struct({
    request,
    isHeld: optional(flag),
    grants: optional(flag),
    renews: optional(flag),
  }),
  unregister: struct({ request, signOut: optional(text) }),
  subscribe: struct({ request, add: tags, remove: tags }),
  setAlias: struct({ request, alias: text, held: flag, shared: flag }),
  report: struct({
    request,
    platform: optional(text),
    appVersion: optional(text),
    locale: optional(text),
    attributes: list(struct({ name: text, value: text })),
  }),
  upstream: struct({ request, key: bytes, contentType: small, data: bytes }),
  delivery: struct({
    ...{ request, paused: flag, timeZone: optional(text), presence: flag, silenced: flag },
    accept: list(struct({ days: small, startMinute: small, endMinute: small })),
  }),
  publishKey: struct({ request, publicKey: bytes, auth: bytes }),
  events: struct({
    request,
    events: list(
      struct({
        kind: only((value) => [1, 2, 3, 4, 5].includes(value as number)),
        ...{ key: bytes, seq: count, source: optional(text), action: optional(text) },
        ...{ agoMs: optional(count), takenAgoMs: optional(count) },
      }),
      DEVICE_EVENTS,
    ),
  }),
  describe: struct({ request }),
  granted: struct({
    request,
    grant: optional(text),
    setup: optional(setup),
    sealedGrant: optional(bytes),
  }),
  setKey: struct({ request, setup }),
  sealed: struct({
    wireRequest: count,
    epoch: optional(small),
    number: optional(count),
    body: optional(bytes),
  }),
  cancel: struct({ request }),
  listen: struct({ on: flag, turn: optional(count) }),
  ack: struct({ link, priority, seq: count, discarded: optional(count) }),
  cursor: struct({ link, cursor, discarded: optional(flag) }),
  ping: struct({ request }),
  wake: struct({}),
  fault: struct({ message: text }),
  leave: struct({}),
};

/** @throws PushError `option_invalid` if it is no message of a client. */
export function readMessage(data: unknown): ToService {
  const kind: unknown = Object(data).kind;
  // An array of one name would pass for the name, and an object has more names than its own.
  if (typeof kind !== "string" || !Object.hasOwn(KINDS, kind)) wrong("kind");
  return { ...(KINDS[kind as ToService["kind"]](data, kind) as object), kind } as ToService;
}

/** The number of the request in a message that may be invalid. */
export function requestOf(data: unknown): { request?: number } {
  const { request } = Object(data);
  return Number.isSafeInteger(request) ? { request } : {};
}
