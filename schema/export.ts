/**
 * The file that `pushmesh export` writes and `pushmesh import` reads: all data of a mesh, from any host. UTF-8, one JSON object per line:
 *
 * 1. `header`, then `secrets`, then `demo` if there is one;
 * 2. an `app` line for each app, oldest first; a `credential` line for each credential of an operator, and `audit` lines;
 * 3. an `alias` line for each alias that was ever set;
 * 4. a `tag` line for each tag in the directories;
 * 5. each node of a tag: `node`, then its `members`, then its `broadcast` lines by increasing position;
 * 6. each device: `device`, then its `registration` lines, its `subscription` and `holding` lines (its tags and aliases), then its `mail`
 *    lines and its `timeline` lines, both by increasing seq, then its `receipt` lines;
 * 7. `end`, so that a truncated or changed file is refused.
 *
 * It contains no alarms, because they follow from the expiries and from unserved broadcasts, and no live nodes, because the root's log has
 * what they send, and their listeners reconnect. For its use, see docs/operations/.
 */
import * as z from "zod";
import { broadcastLine } from "./export/broadcast.ts";
import { bytes, countOfThings as count, timeMs } from "./export/fields.ts";
import { mailLine } from "./export/mail.ts";
import { auditLine, credentialLine } from "./export/operators.ts";
import {
  exportedAttributes,
  exportedDelivery,
  exportedKey,
  exportedStanding,
} from "./export/registration.ts";
import { receiptLine, timelineLine } from "./export/timeline.ts";
import { KEY_ALGORITHMS, KEY_SCOPES } from "./http/enums.ts";

export const EXPORT_FORMAT = "pushmesh-export";
/**
 * Incremented when a reader of the previous version would misread or refuse a file. A file of a newer version is refused, one of an older version
 * is read: whatever a version adds to a line has a default for older lines.
 *
 * 2: aliases, tags and broadcasts, attributes, live keys. 3: lives of registrations, epochs of memberships. 4: scopes and expiry
 * of keys, quotas; operators' credentials, and the audit log; removals, members of the tag of all devices with their registrations; options and holds
 * of mail, timelines, receipts, delivery settings.
 */
export const EXPORT_VERSION = 4;
/** The longest line: a registration's 1,152 outcomes of about 45 bytes, with every quote escaped, plus some room. */
export const EXPORT_LINE_BYTES = 262_144;
/** Entries of the audit log in one `audit` line, of about 300 bytes each, and at most 2,300. */
export const EXPORT_AUDIT = 100;
/** Signed changes in one `changes` line, of about 40 bytes each. */
export const EXPORT_CHANGES = 1_000;
/** Members in one `members` line, of about 100 bytes each. */
export const EXPORT_MEMBERS = 1_000;

const header = z.strictObject({
  kind: z.literal("header"),
  format: z.literal(EXPORT_FORMAT),
  version: z.int().min(1).max(EXPORT_VERSION),
  /** Milliseconds since 1970. */
  exportedAt: timeMs,
});

/** As in `secrets.json`. */
const secrets = z.strictObject({
  kind: z.literal("secrets"),
  meshKeys: z.string().min(1),
  adminToken: z.string().regex(/^\S{16,}$/),
});

/** As in `demo.json`, except for what depends on the location of the folder. */
const demo = z.strictObject({
  kind: z.literal("demo"),
  url: z.url(),
  appId: z.string(),
  keyId: z.string(),
  secret: z.string(),
});

const rule = z.enum(["server", "granted", "open"]);
const prefixRules = z.array(z.strictObject({ prefix: z.string(), rule })).readonly();
const policy = z.strictObject({
  register: rule,
  alias: prefixRules,
  tag: prefixRules,
  receipts: z.boolean().exactOptional(),
});

const app = z.strictObject({
  kind: z.literal("app"),
  appId: z.string(),
  name: z.string(),
  createdAt: timeMs,
  /** Keys ever created, including revoked ones: the number of a revoked key is not reused. */
  keysMade: count,
  keys: z.array(
    z.strictObject({
      n: z.int().min(1),
      algorithm: z.enum(KEY_ALGORITHMS),
      material: bytes,
      createdAt: timeMs,
      /** Since version 4, as are `expiresAt` and `lastUsedAt`. */
      scopes: z.array(z.enum(KEY_SCOPES)).default([...KEY_SCOPES]),
      expiresAt: timeMs.nullable().default(null),
      lastUsedAt: timeMs.nullable().default(null),
    }),
  ),
  /** Null if nobody ever listened live. Since version 2. */
  liveKey: z.strictObject({ seed: bytes, publicKey: bytes }).nullable().default(null),
  /** See core/trust/policy.ts; null for an app that was stored before there were policies. Since version 3. */
  policy: policy.nullable().default(null),
  trustVersion: count.default(0),
  /** See core/app/denials.ts. Since version 4. */
  denials: z
    .array(z.strictObject({ kind: z.enum(["grant", "tag"]), name: z.string(), expiresAt: timeMs }))
    .default([]),
  /** See core/app/quota.ts. Since version 4. */
  quota: z
    .strictObject({
      perSecond: z.number().positive(),
      burst: z.int().min(1),
      queueSeconds: z.int().min(1).optional(),
    })
    .nullable()
    .default(null),
});

// ---------------------------------------------------------------- aliases and tags, since version 2

/** See core/alias/host.ts. */
const alias = z.strictObject({
  kind: z.literal("alias"),
  /** base64url of the app's 8 bytes, as everywhere except in `app`. */
  app: z.string(),
  alias: z.string(),
  shared: z.boolean(),
  holders: z.array(
    z.strictObject({ device: z.string(), generation: count, epoch: count.optional() }),
  ),
  /** See core/alias/host.ts. Since version 3. */
  taken: z
    .array(
      z.strictObject({
        ...{ key: z.string(), device: z.string(), generation: count },
        ...{ seq: count.nullable(), fingerprint: count.nullable(), at: timeMs },
      }),
    )
    .optional(),
  /** In an unreleased version 3: what `changes` has now. */
  begun: z.array(z.strictObject({ id: z.string(), at: timeMs })).optional(),
});

/** A tag in the directory of its app. */
const tag = z.strictObject({
  kind: z.literal("tag"),
  app: z.string(),
  tag: z.string(),
  members: count,
  lastBroadcastAt: timeMs.nullable(),
});

/** Recently started signed changes of an app; absent in older exports, which had them elsewhere. */
const changes = z.strictObject({
  kind: z.literal("changes"),
  app: z.string(),
  begun: z.array(z.strictObject({ id: z.string(), at: timeMs })).max(EXPORT_CHANGES),
});

/** Odd while a parent leaves the subtree out of fan-outs; absent in older exports. */
const turns = count.exactOptional();
/** For a node without members; absent in older exports. */
const neededUntil = timeMs.exactOptional();
const subtree = z.strictObject({ members: count, nodes: count, depth: count, turns, neededUntil });

const node = z.strictObject({
  kind: z.literal("node"),
  /** Name of the object: `<app>.<tagId>.<path>`. */
  node: z.string(),
  tag: z.string(),
  born: count,
  turns,
  children: z.record(z.string().regex(/^[0-9a-f]$/), subtree),
  live: z.enum(["closed", "token", "open"]),
  /** Broadcasts that are owed to nodes; absent in older exports. */
  debts: z
    .array(z.strictObject({ path: z.string().regex(/^[0-9a-f]+$/), position: count }))
    .exactOptional(),
});

const members = z.strictObject({
  kind: z.literal("members"),
  node: z.string(),
  members: z
    .array(
      z.strictObject({
        place: count,
        device: z.string(),
        joined: count,
        since: count,
        attached: z.boolean(),
        /** Since version 3. */
        epoch: count.default(0),
        /** Since version 4. */
        generation: count.exactOptional(),
      }),
    )
    .max(EXPORT_MEMBERS),
});

// ---------------------------------------------------------------- devices

const device = z.strictObject({
  kind: z.literal("device"),
  /** base64url of the device ID. */
  device: z.string(),
  account: z.strictObject({
    publicKey: z.string(),
    generation: count,
    createdAt: timeMs,
    /** Since version 3. */
    lives: count.exactOptional(),
    /** See core/device/idle.ts. */
    idle: z.strictObject({ looks: count, atMs: timeMs, usedAtMs: timeMs }).exactOptional(),
    /** See core/device/removals.ts. */
    removals: z
      .array(z.tuple([z.string(), timeMs]).readonly())
      .readonly()
      .exactOptional(),
  }),
  /** Null for a device that never opened a link. */
  link: z
    .strictObject({
      session: z.string(),
      lastSeenMs: timeMs,
      tokens: z.array(z.tuple([z.string(), count])),
      seqFloor: count,
      /** See core/device/store.ts. Since version 3. */
      seqReserve: count.exactOptional(),
      /** See core/device/mail/recent-keys.ts. Since version 3. */
      recent: z.string().exactOptional(),
      /** See core/device/store.ts. Since version 3. */
      sent: z.array(z.tuple([count, count, count, count])).exactOptional(),
    })
    .nullable(),
});

const registration = z.strictObject({
  kind: z.literal("registration"),
  device: z.string(),
  slot: z.int().min(1),
  app: z.string(),
  createdAt: timeMs,
  endedAt: timeMs.nullable(),
  /** See core/device/store.ts, here and below. Since version 3. */
  generation: count.default(0),
  /** See core/device/trust/standing.ts. */
  standing: exportedStanding.exactOptional(),
  /** The log of core/device/mail/outcomes.ts; null if nothing ended. */
  outcomes: z.string().nullable(),
  /** Attributes that the app reported. Since version 2. */
  attributes: exportedAttributes.nullable().default(null),
  /** The key to which app servers encrypt. Absent if the device published none. */
  encryptionKey: exportedKey.exactOptional(),
  /** How its device wants messages: see schema/delivery.ts. Absent if it has not said so. */
  delivery: exportedDelivery.exactOptional(),
  /** The last epoch of its key with the mesh (since version 4), whose secret is not exported. Absent if it has none. */
  sealingEpoch: z.int().min(1).exactOptional(),
});

/** A tag of a registration. Since version 2. */
const subscription = z.strictObject({
  kind: z.literal("subscription"),
  device: z.string(),
  ref: z.int().min(1),
  slot: z.int().min(1),
  tag: z.string(),
  /** Path of the node that it is a member of. */
  path: z.string(),
  /** Since version 3, as is the epoch. */
  generation: count.default(0),
  epoch: count.default(0),
  /** Whether the app's server joined it. */
  byServer: z.literal(true).exactOptional(),
  /** The device's position in the tag's log; null if it never sent one. */
  cursor: count.nullable(),
});

/** An alias that a registration holds. Since version 2. */
const holding = z.strictObject({
  kind: z.literal("holding"),
  device: z.string(),
  slot: z.int().min(1),
  alias: z.string(),
  shared: z.boolean(),
  /** Since version 3. */
  suspended: z.boolean().default(false),
  leaving: z.boolean().default(false),
  generation: count.default(0),
  /** Whether the app's server set it. */
  byServer: z.literal(true).exactOptional(),
});

const end = z.strictObject({
  kind: z.literal("end"),
  /** Number of lines before this one. */
  lines: count,
  /** Checksum of all bytes before this line, in hexadecimal. */
  sha256: z.string(),
});

/** A line of an export. */
export const exportLine = z.discriminatedUnion("kind", [
  header,
  secrets,
  demo,
  app,
  credentialLine,
  auditLine,
  alias,
  tag,
  changes,
  node,
  members,
  broadcastLine,
  device,
  registration,
  subscription,
  holding,
  mailLine,
  timelineLine,
  receiptLine,
  end,
]);
export type ExportLine = z.output<typeof exportLine>;

export type SecretsLine = z.output<typeof secrets>;
export type DemoLine = z.output<typeof demo>;
export type AppLine = z.output<typeof app>;
export type AliasLine = z.output<typeof alias>;
/** The data of the operators' object, besides the list of apps. */
export type OperatorsLine = z.output<typeof credentialLine> | z.output<typeof auditLine>;
type TagLine = z.output<typeof tag>;
type ChangesLine = z.output<typeof changes>;
/** The data of a directory object of an app. */
export type DirectoryLine = TagLine | ChangesLine;
type NodeLine = z.output<typeof node>;
type MembersLine = z.output<typeof members>;
type BroadcastLine = z.output<typeof broadcastLine>;
/** The data of one node of a tag. */
export type NodePart = NodeLine | MembersLine | BroadcastLine;
export type DeviceLine = z.output<typeof device>;
type RegistrationLine = z.output<typeof registration>;
export type SubscriptionLine = z.output<typeof subscription>;
type HoldingLine = z.output<typeof holding>;
export type MailLine = z.output<typeof mailLine>;
/** The data of one device. */
export type DevicePart =
  | DeviceLine
  | RegistrationLine
  | SubscriptionLine
  | HoldingLine
  | MailLine
  | z.output<typeof timelineLine>
  | z.output<typeof receiptLine>;
/** The data of the objects of a mesh, without the files of its folder. */
export type DataLine = AppLine | OperatorsLine | AliasLine | DirectoryLine | NodePart | DevicePart;

/** The text of a line, with the line feed that ends it. */
export function formatExportLine(line: ExportLine): string {
  return `${JSON.stringify(exportLine.encode(line))}\n`;
}
