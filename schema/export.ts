/**
 * The file that `pushmesh export` writes and `pushmesh import` reads: all data of a mesh, whichever host it ran on.
 * One JSON object a line, UTF-8:
 *
 * 1. `header`, then `secrets`, then `demo` where there is one;
 * 2. an `app` line for each app, oldest first;
 * 3. each device: `device`, then its `registration` lines, then its `mail` lines by rising seq;
 * 4. `end`, which makes a file that was cut off or changed one that is refused.
 *
 * Alarms are not in it: they follow from the expiries. docs/operations/ says how it is used.
 */
import * as z from "zod";
import { fromBase64Url, toBase64Url } from "./text.ts";

export const EXPORT_FORMAT = "pushmesh-export";
/** Raised when a reader of the version before would misread a file. */
export const EXPORT_VERSION = 1;
/** The longest line: a registration's 1,152 outcomes of about 45 bytes, with every quote escaped, and room. */
export const EXPORT_LINE_BYTES = 262_144;

const count = z.int().min(0);
const timeMs = z.int().min(0);
const bytes = z.codec(
  z.string(),
  z.custom<Uint8Array>((value) => value instanceof Uint8Array),
  {
    decode: (text, context) => {
      const read = fromBase64Url(text);
      if (read !== undefined) return read;
      context.issues.push({ code: "custom", input: text, message: "not base64url" });
      return z.NEVER;
    },
    encode: toBase64Url,
  },
);

const header = z.strictObject({
  kind: z.literal("header"),
  format: z.literal(EXPORT_FORMAT),
  version: z.literal(EXPORT_VERSION),
  /** Milliseconds since 1970. */
  exportedAt: timeMs,
});

/** As in `secrets.json`. */
const secrets = z.strictObject({
  kind: z.literal("secrets"),
  meshKeys: z.string().min(1),
  adminToken: z.string().regex(/^\S{16,}$/),
});

/** As in `demo.json`, but for what depends on where the folder is. */
const demo = z.strictObject({
  kind: z.literal("demo"),
  url: z.url(),
  appId: z.string(),
  keyId: z.string(),
  secret: z.string(),
});

const app = z.strictObject({
  kind: z.literal("app"),
  appId: z.string(),
  name: z.string(),
  createdAt: timeMs,
  /** Keys ever made, revoked ones included: the number of a revoked key is not given again. */
  keysMade: count,
  keys: z.array(
    z.strictObject({
      n: z.int().min(1),
      algorithm: z.enum(["hmac-sha256", "ed25519"]),
      material: bytes,
      createdAt: timeMs,
    }),
  ),
});

const device = z.strictObject({
  kind: z.literal("device"),
  /** base64url of the device ID. */
  device: z.string(),
  account: z.strictObject({ publicKey: z.string(), generation: count, createdAt: timeMs }),
  /** Null for a device that never opened a link. */
  link: z
    .strictObject({
      session: z.string(),
      lastSeenMs: timeMs,
      tokens: z.array(z.tuple([z.string(), count])),
      seqFloor: count,
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
  /** The log of core/device/outcomes.ts; null where nothing ended. */
  outcomes: z.string().nullable(),
});

const mail = z.strictObject({
  kind: z.literal("mail"),
  device: z.string(),
  seq: count,
  slot: z.int().min(1),
  lane: z.literal([1, 2, 3]),
  key: z.string(),
  expiresAt: timeMs,
  collapseKey: z.string().nullable(),
  contentType: z.literal([1, 2, 3]),
  data: bytes,
});

const end = z.strictObject({
  kind: z.literal("end"),
  /** Lines before this one. */
  lines: count,
  /** Of all bytes before this line, in hexadecimal. */
  sha256: z.string(),
});

/** A line of an export. */
export const exportLine = z.discriminatedUnion("kind", [
  header,
  secrets,
  demo,
  app,
  device,
  registration,
  mail,
  end,
]);
export type ExportLine = z.output<typeof exportLine>;

export type SecretsLine = z.output<typeof secrets>;
export type DemoLine = z.output<typeof demo>;
export type AppLine = z.output<typeof app>;
export type DeviceLine = z.output<typeof device>;
export type RegistrationLine = z.output<typeof registration>;
export type MailLine = z.output<typeof mail>;
/** What belongs to one device. */
export type DevicePart = DeviceLine | RegistrationLine | MailLine;
/** What the objects of a mesh hold, as opposed to its folder. */
export type DataLine = AppLine | DevicePart;

/** The text of a line, with the line feed that ends it. */
export function formatExportLine(line: ExportLine): string {
  return `${JSON.stringify(exportLine.encode(line))}\n`;
}
