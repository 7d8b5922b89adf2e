/** What the attackers have in common. */
import type { Address } from "../../../bench/client/http.ts";
import type { Random } from "../random.ts";
import { outcomeOf, upgrade, Wire } from "./wire.ts";

/** What an attacker has found out or stolen. All of it is plain data: it crosses to the attacker's process. */
export interface Loot {
  readonly address: Address;
  /** Of the app of the devices in good standing; it is public. */
  readonly appId: string;
  /** The ID of its sending key, which a signature names. */
  readonly keyId: string;
  /** A tag that everybody may listen to. */
  readonly openTag: string;
  /** Connect tokens that devices in good standing have used, and one listen token that is over. */
  readonly usedTokens: readonly string[];
  readonly pastListenToken: string;
  /** regIds of others. */
  readonly regIds: readonly string[];
  /** A grant that names another device. */
  readonly foreignGrant: string;
  /** A valid grant of its own; only the registered device has one. */
  readonly grant: string | null;
  /** Another app of the mesh, with a key and a device; only the noisy app server has one. */
  readonly noisy: {
    readonly keyId: string;
    readonly secret: string;
    readonly regId: string;
  } | null;
}

/** @returns what came of it, see `outcomeOf` */
export type Attack = (loot: Loot, random: Random) => Promise<string>;

/** How long an attacker waits for an answer. */
export const ANSWER_MS = 5_000;

/** Sends a request on a connection of its own. */
export async function ask({ address }: Loot, text: string | Buffer): Promise<string> {
  const wire = await Wire.open(address, text);
  await wire?.answer(ANSWER_MS);
  wire?.destroy();
  return outcomeOf(wire);
}

/** Opens a link or a listener; waits for the first frame, or the end. */
export async function dial(
  { address }: Loot,
  path: string,
  headers: Readonly<Record<string, string>>,
  early: Uint8Array = Buffer.alloc(0),
): Promise<Wire | null> {
  const wire = await Wire.open(
    address,
    Buffer.concat([Buffer.from(upgrade(path, headers)), early]),
  );
  await wire?.answer(ANSWER_MS);
  return wire;
}

export const offerOf = (token: string): Record<string, string> => ({
  "sec-websocket-protocol": `pushmesh.v1, pushmesh.token.${token}`,
});

/** Waits for the end of a connection, or for as long; then ends it. */
export async function hold(wire: Wire | null, ms: number): Promise<string> {
  await wire?.until(() => false, ms);
  wire?.destroy();
  return outcomeOf(wire);
}

/** A token of the right form that nobody signed. */
export function junkToken(random: Random, header: object, claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1_000);
  const times = { aud: "pushmesh", iat: now, exp: now + 60, jti: `j${random.between(0, 2 ** 31)}` };
  return `${part(header)}.${part({ ...times, ...claims })}.${junk(random, 64).toString("base64url")}`;
}

export function junk(random: Random, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at++) bytes[at] = random.between(0, 255);
  return bytes;
}
