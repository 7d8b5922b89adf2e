/** Names of the objects of tags and aliases, and the source in the message ID of a broadcast. */
import { sha256 } from "@noble/hashes/sha2.js";
import { fromBase64Url, toBase64Url } from "../../schema/text.ts";
import type { Keyring, MeshKey } from "../identity/keyring.ts";
import { equalBytes, shortMac } from "../identity/mac.ts";

const ID_BYTES = 16;
/** As in an appId: a forgery succeeds with probability 2^-64. */
const MAC_BYTES = 8;
const utf8 = new TextEncoder();

/** Hashes a name to 22 characters; two names of one app collide with probability 2^-128. */
function nameId(kind: "tag" | "alias", app: string, name: string): string {
  const hash = sha256(utf8.encode(`pushmesh/v1/${kind}/${app}/${name}`));
  return toBase64Url(hash.subarray(0, ID_BYTES));
}

/**
 * The ID of a tag: base64url of 16 bytes.
 *
 * @param app base64url of the app's 8 bytes
 */
export const tagIdOf = (app: string, tag: string): string => nameId("tag", app, tag);

/** Name of the object of an alias: `<app>.<22 characters>`. */
export const aliasObjectName = (app: string, alias: string): string =>
  `${app}.${nameId("alias", app, alias)}`;

export interface NodeName {
  readonly app: string;
  readonly tagId: string;
  /** The hexadecimal digits that lead from the root to the node; empty for the root. */
  readonly path: string;
}

/** Name of the object of a node: `<app>.<tagId>.<path>`. */
export const nodeObjectName = ({ app, tagId, path }: NodeName): string => `${app}.${tagId}.${path}`;

/** Name of the object of a tag's root. */
export const rootObjectName = (app: string, tag: string): string =>
  nodeObjectName({ app, tagId: tagIdOf(app, tag), path: "" });

const NODE_NAME = /^([A-Za-z0-9_-]{11})\.([A-Za-z0-9_-]{22})\.([0-9a-f]*)$/;

/** @throws Error for any other form. The mesh makes all names itself. */
export function parseNodeName(name: string): NodeName {
  const [, app, tagId, path] = NODE_NAME.exec(name) ?? [];
  if (app === undefined || tagId === undefined || path === undefined) {
    throw new Error(`not the name of a node: ${name}`);
  }
  return { app, tagId, path };
}

export interface LiveName {
  readonly app: string;
  readonly tagId: string;
  /** Lower-case letters: where its listeners are, and whether they are event streams. */
  readonly region: string;
  /** Number of the node in its region, from 0. */
  readonly n: number;
}

const STREAMS = "stream";

/** The region of live nodes for event streams. They have their own nodes, because a stream keeps its node awake, and sockets do not. */
export const streamRegion = (region: string): string => `${region}${STREAMS}`;

/** Where the listeners of a region are, sockets or event streams. */
export const locationOf = (region: string): string =>
  region.endsWith(STREAMS) ? region.slice(0, -STREAMS.length) : region;

/** Name of the object of a live node: `<app>.<tagId>.<region>.<n>`. */
export const liveObjectName = ({ app, tagId, region, n }: LiveName): string =>
  `${app}.${tagId}.${region}.${n}`;

const LIVE_NAME = /^([A-Za-z0-9_-]{11})\.([A-Za-z0-9_-]{22})\.([a-z]+)\.(\d+)$/;

/** @throws Error for any other form. */
export function parseLiveName(name: string): LiveName {
  const [, app, tagId, region, n] = LIVE_NAME.exec(name) ?? [];
  if (app === undefined || tagId === undefined || region === undefined || n === undefined) {
    throw new Error(`not the name of a live node: ${name}`);
  }
  return { app, tagId, region, n: Number(n) };
}

/** The hexadecimal digit of a device's ID at a depth from 0. IDs are uniform: each is a keyed hash, or random. */
export function deviceDigit(device: string, depth: number): string {
  const byte = fromBase64Url(device)?.[depth >> 1] ?? 0;
  return ((depth & 1) === 0 ? byte >> 4 : byte & 0xf).toString(16);
}

/** The path of the node at this depth that a device belongs to. */
export function devicePath(device: string, depth: number): string {
  let path = "";
  for (let at = 0; at < depth; at++) path += deviceDigit(device, at);
  return path;
}

const macOf = (key: MeshKey, app: string, tagId: string): Uint8Array =>
  shortMac(key.subkey("tagId"), utf8.encode(`${app}.${tagId}`), MAC_BYTES);

/** Length of a source. */
export const SOURCE_CHARS = 32;

/**
 * The source of a broadcast, which is the part of its message ID after the dot: base64url of the tag's ID, and of a MAC that proves that
 * this mesh made it for this app.
 */
export function sealSource(keyring: Keyring, app: string, tagId: string): string {
  const id = fromBase64Url(tagId);
  if (id?.length !== ID_BYTES) throw new Error(`not a tag ID: ${tagId}`);
  const bytes = new Uint8Array(ID_BYTES + MAC_BYTES);
  bytes.set(id);
  bytes.set(macOf(keyring.root, app, tagId), ID_BYTES);
  return toBase64Url(bytes);
}

/** The tag's ID in a source; undefined for any text that this mesh did not make for this app. */
export function openSource(keyring: Keyring, app: string, source: string): string | undefined {
  if (source.length !== SOURCE_CHARS) return undefined;
  const bytes = fromBase64Url(source);
  if (bytes?.length !== ID_BYTES + MAC_BYTES) return undefined;
  const tagId = toBase64Url(bytes.subarray(0, ID_BYTES));
  const mac = bytes.subarray(ID_BYTES);
  return keyring.all.some((key) => equalBytes(macOf(key, app, tagId), mac)) ? tagId : undefined;
}
