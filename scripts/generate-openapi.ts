/**
 * Writes docs/openapi.json (OpenAPI 3.1) from the zod schemas of the bodies and the error table.
 * `node scripts/generate-openapi.ts [--check]`.
 *
 * --check writes nothing and exits with 1 where the document is not current.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import * as z from "zod";
import { ERRORS, type ErrorCode } from "../schema/errors.ts";
import {
  aliasesBody,
  appBody,
  deviceBody,
  keyBody,
  LIVE_ACCESS,
  liveBody,
  MESSAGE_STATUSES,
  membersBody,
  sendBody,
  tagsQuery,
} from "../schema/http.ts";
import { LIMITS } from "../schema/limits.ts";
import { putGenerated } from "./generated-file.ts";

type Json = Record<string, unknown>;

const { version } = JSON.parse(
  readFileSync(resolve(import.meta.dirname, "../package.json"), "utf8"),
) as { version: string };

/** Fields that zod checks by a function or nests by hand, described here. */
const BY_HAND: Readonly<Record<string, Json>> = {
  data: {
    description: `A string or an object, at most ${LIMITS.DATA_BYTES} bytes as UTF-8; not with dataBase64.`,
    anyOf: [{ type: "string" }, { type: "object" }],
  },
  condition: { $ref: "#/components/schemas/Condition" },
};

/** What a caller may write. */
function bodySchema(schema: z.ZodType): Json {
  const { $schema, ...json } = z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    override: ({ jsonSchema, path }) => {
      const byHand = path.at(-2) === "properties" ? BY_HAND[String(path.at(-1))] : undefined;
      if (byHand === undefined) return;
      for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
      Object.assign(jsonSchema, byHand);
    },
  });
  return json;
}

/** The parameters of a query. */
function queryParameters(schema: z.ZodType): Json[] {
  const { properties = {} } = bodySchema(schema) as { properties?: Readonly<Record<string, Json>> };
  return Object.entries(properties).map(([name, field]) => ({ name, in: "query", schema: field }));
}

const text = { type: "string" };
const ms = { type: "integer", description: "Milliseconds since 1970." };
const object = (properties: Json, optional: readonly string[] = []): Json => ({
  type: "object",
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
});

const status = { type: "string", enum: [...MESSAGE_STATUSES] };
const app = object({ appId: text, name: text, createdAt: ms });
const algorithm = { type: "string", enum: ["hmac-sha256", "ed25519"] };
const key = object({ keyId: text, algorithm, createdAt: ms });

const count = { type: "integer", minimum: 0 };
const list = (items: Json): Json => ({ type: "array", items });
const orNull = (schema: Json): Json => ({ anyOf: [schema, { type: "null" }] });
const condition = { $ref: "#/components/schemas/Condition" };
const oneField = (name: string, schema: Json): Json => ({
  ...object({ [name]: schema }),
  additionalProperties: false,
});
const conditions = { ...list(condition), minItems: 1, maxItems: LIMITS.CONDITION_TAGS };
const tookMs = { type: "integer" };
const tag = { tag: text, members: count, listeners: count, lastBroadcastAt: orNull(ms) };
const refused = { error: text, detail: text };

const schemas: Json = {
  Send: bodySchema(sendBody),
  Condition: {
    description: `At most ${LIMITS.CONDITION_TAGS} tags, nested at most ${LIMITS.CONDITION_DEPTH} deep.`,
    oneOf: [
      oneField("tag", { ...text, minLength: 1 }),
      oneField("any", conditions),
      oneField("all", conditions),
      oneField("not", condition),
    ],
  },
  Sent: object({ id: text, status, tookMs }),
  SentToAlias: object({
    results: list({
      anyOf: [object({ regId: text, id: text, status }), object({ regId: text, ...refused })],
    }),
    tookMs,
  }),
  Accepted: object({ id: text, status: { const: "accepted" }, tookMs }),
  Status: object({ id: text, status, acceptedAt: ms }),
  BroadcastStatus: object({
    id: text,
    status: { type: "string", enum: ["accepted", "sending", "sent"] },
    acceptedAt: ms,
    finishedAt: orNull(ms),
    members: count,
    attached: count,
    delivered: count,
    acknowledged: count,
    filtered: count,
    deferred: count,
    offline: count,
    failed: count,
    expired: count,
    collapsed: count,
    remaining: count,
    nodes: count,
    listeners: count,
    rate: { type: "number", description: "Devices a second." },
  }),
  Members: bodySchema(membersBody),
  NewAliases: bodySchema(aliasesBody),
  Results: object({
    results: list({
      anyOf: [
        object({ regId: text, ok: { const: true } }),
        object({ regId: text, ok: { const: false }, ...refused }),
      ],
    }),
  }),
  Alias: object({ alias: text, shared: { type: "boolean" }, regIds: list(text) }),
  Registration: object({
    regId: text,
    tags: list(text),
    aliases: list(text),
    attributes: orNull(
      object({
        platform: orNull(text),
        appVersion: orNull(text),
        locale: orNull(text),
        custom: { type: "object", additionalProperties: text },
      }),
    ),
    connected: { type: "boolean" },
  }),
  Tags: object({ tags: list(object(tag)), next: orNull(text) }),
  Tag: object({
    ...tag,
    nodes: count,
    depth: count,
    live: { type: "string", enum: [...LIVE_ACCESS] },
  }),
  Live: bodySchema(liveBody),
  LiveKey: object({ algorithm: { const: "ed25519" }, publicKey: text }),
  NewDevice: bodySchema(deviceBody),
  Device: object({
    deviceId: text,
    generation: { type: "integer", minimum: 1 },
    credential: text,
    now: ms,
  }),
  NewApp: bodySchema(appBody),
  App: app,
  Apps: object({ apps: { type: "array", items: app } }),
  AppWithKeys: object({
    appId: text,
    name: text,
    createdAt: ms,
    keys: { type: "array", items: key },
  }),
  NewKey: bodySchema(keyBody),
  Key: object({ keyId: text, algorithm, createdAt: ms, secret: text }, ["secret"]),
  Health: object({ status: { const: "ok" }, now: ms }),
  Problem: object(
    {
      type: text,
      title: text,
      status: { type: "integer" },
      code: { type: "string", enum: Object.keys(ERRORS).filter(isHttp) },
      detail: text,
      retry: { type: "string", enum: ["never", "later", "reauthenticate"] },
      advice: text,
      field: text,
    },
    ["field"],
  ),
};

function isHttp(code: string): boolean {
  return ERRORS[code as ErrorCode].status !== null;
}

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const jsonOf = (schema: Json, description: string) => ({
  description,
  content: { "application/json": { schema } },
});
const json = (name: string, description: string) => jsonOf(ref(name), description);
const jsonAny = (names: readonly string[], description: string) =>
  jsonOf({ anyOf: names.map(ref) }, description);
const problem = {
  description: "Refused: see docs/errors.md.",
  content: { "application/problem+json": { schema: ref("Problem") } },
};
const cursor = { type: "string", pattern: "^\\d{1,15}$" };
const header = (name: string, description: string) => ({
  name,
  in: "header",
  description,
  schema: text,
});
const inPath = (name: string) => ({ name, in: "path", required: true, schema: text });
const body = (name: string) => ({
  required: true,
  content: { "application/json": { schema: ref(name) } },
});

interface Operation {
  readonly summary: string;
  readonly security?: readonly Json[];
  readonly parameters?: readonly Json[];
  readonly requestBody?: Json;
  readonly responses: Json;
}

function operation(rest: Operation): Json {
  return { security: [], ...rest, responses: { ...rest.responses, default: problem } };
}

const signed = [{ signature: [], signatureInput: [] }];
const digest = header("Content-Digest", "RFC 9530, of the body.");
const tagInPath = operation({
  summary: "A tag, as its root knows it",
  security: signed,
  parameters: [inPath("tag")],
  responses: { 200: json("Tag", "It has or had members.") },
});
const admin = [{ admin: [] }];

const paths = {
  "/": {
    get: operation({
      summary: "The name of the service",
      responses: { 200: { description: "Name and documents." } },
    }),
  },
  "/healthz": {
    get: operation({
      summary: "Whether the mesh answers, and its clock",
      responses: { 200: json("Health", "It does.") },
    }),
  },
  "/v1/devices": {
    post: operation({
      summary: "Make or find a device account (docs/protocol.md, section 1)",
      requestBody: body("NewDevice"),
      responses: { 200: json("Device", "It stands already."), 201: json("Device", "It was made.") },
    }),
  },
  "/v1/connect": {
    get: operation({
      summary: "Open the device link, a WebSocket (docs/protocol.md, section 2)",
      parameters: [header("Sec-WebSocket-Protocol", "pushmesh.v1, pushmesh.token.<token>")],
      responses: { 101: { description: "The link; a bad token closes it at once." } },
    }),
  },
  "/v1/messages": {
    post: operation({
      summary: "Send a message to a registration or an alias, or broadcast it to tags",
      security: signed,
      parameters: [
        digest,
        header(
          "Idempotency-Key",
          "1 to 128 visible ASCII characters; requests with the same are one message.",
        ),
        header("Prefer", "respond-async, or wait=<seconds> (RFC 7240)."),
      ],
      requestBody: body("Send"),
      responses: {
        200: jsonAny(["Sent", "SentToAlias"], "Final: delivered, or how it ended."),
        202: jsonAny(
          ["Sent", "SentToAlias", "Accepted"],
          "Queued: it is on disk and waits for a device; or a broadcast, which is on disk and on its way.",
        ),
      },
    }),
  },
  "/v1/messages/{id}": {
    get: operation({
      summary: "What became of a message",
      security: signed,
      parameters: [inPath("id")],
      responses: { 200: jsonAny(["Status", "BroadcastStatus"], "Where it is.") },
    }),
  },
  "/v1/tags/members": {
    get: { ...tagInPath, summary: "The tag that is called members", parameters: [] },
    post: operation({
      summary: "Subscribe registrations to a tag, and unsubscribe others",
      security: signed,
      parameters: [digest],
      requestBody: body("Members"),
      responses: { 200: json("Results", "One for each regId: add, then remove.") },
    }),
  },
  "/v1/tags": {
    get: operation({
      summary: "The tags of the app",
      security: signed,
      parameters: queryParameters(tagsQuery),
      responses: { 200: json("Tags", "A page of them.") },
    }),
  },
  "/v1/tags/{tag}": { get: tagInPath },
  "/v1/tags/{tag}/live": {
    put: operation({
      summary: "Who may listen to the tag live",
      security: signed,
      parameters: [inPath("tag"), digest],
      requestBody: body("Live"),
      responses: { 204: { description: "It is so." } },
    }),
  },
  "/v1/aliases": {
    post: operation({
      summary: "Give an alias to registrations, and take it from others",
      security: signed,
      parameters: [digest],
      requestBody: body("NewAliases"),
      responses: { 200: json("Results", "One for each regId: add, then remove.") },
    }),
  },
  "/v1/aliases/{alias}": {
    get: operation({
      summary: "Who holds an alias",
      security: signed,
      parameters: [inPath("alias")],
      responses: { 200: json("Alias", "Its holders.") },
    }),
  },
  "/v1/registrations/{regId}": {
    get: operation({
      summary: "Tags, aliases and attributes of a registration",
      security: signed,
      parameters: [inPath("regId")],
      responses: { 200: json("Registration", "What it has.") },
    }),
  },
  "/v1/apps/{appId}/tags/{tag}/live": {
    get: operation({
      summary: "Listen to a tag live (docs/api.md, Live listeners)",
      parameters: [
        inPath("appId"),
        inPath("tag"),
        { name: "after", in: "query", description: "Resume after this cursor.", schema: cursor },
        { name: "token", in: "query", description: "A listen token.", schema: text },
        header("Authorization", "Bearer and a listen token."),
        header("Sec-WebSocket-Protocol", "None, or pushmesh.live.v1, pushmesh.token.<token>"),
        header("Last-Event-ID", "Of an event stream: resume after this cursor."),
        header("Accept", "text/event-stream, where it is no WebSocket."),
      ],
      responses: {
        101: { description: "A WebSocket; a refused one is closed at once." },
        200: { description: "The events.", content: { "text/event-stream": { schema: text } } },
      },
    }),
  },
  "/v1/apps/{appId}/live-key": {
    get: operation({
      summary: "The public key by which broadcasts are signed for live listeners",
      parameters: [inPath("appId")],
      responses: { 200: json("LiveKey", "It never changes.") },
    }),
  },
  "/v1/apps": {
    get: operation({
      summary: "List the apps",
      security: admin,
      responses: { 200: json("Apps", "All of them.") },
    }),
    post: operation({
      summary: "Make an app",
      security: admin,
      requestBody: body("NewApp"),
      responses: { 201: json("App", "It was made.") },
    }),
  },
  "/v1/apps/{appId}": {
    get: operation({
      summary: "An app and its keys",
      security: admin,
      parameters: [inPath("appId")],
      responses: { 200: json("AppWithKeys", "Without secrets.") },
    }),
    delete: operation({
      summary: "Delete an app and its keys",
      security: admin,
      parameters: [inPath("appId")],
      responses: { 204: { description: "Deleted; its keys may work for 30 s more elsewhere." } },
    }),
  },
  "/v1/apps/{appId}/keys": {
    post: operation({
      summary: "Make a sending key",
      security: admin,
      parameters: [inPath("appId")],
      requestBody: body("NewKey"),
      responses: { 201: json("Key", "The only answer that has the secret of an HMAC key.") },
    }),
  },
  "/v1/apps/{appId}/keys/{keyId}": {
    delete: operation({
      summary: "Revoke a sending key",
      security: admin,
      parameters: [inPath("appId"), inPath("keyId")],
      responses: { 204: { description: "Revoked; it may work for 30 s more elsewhere." } },
    }),
  },
};

const document = {
  openapi: "3.1.0",
  info: {
    title: "pushmesh",
    version,
    description:
      "The HTTPS API of a push mesh. Made by scripts/generate-openapi.ts; docs/api.md explains it.",
    license: { name: "Apache-2.0", identifier: "Apache-2.0" },
  },
  paths,
  components: {
    schemas,
    securitySchemes: {
      signature: { type: "apiKey", in: "header", name: "Signature", description: "RFC 9421." },
      signatureInput: {
        type: "apiKey",
        in: "header",
        name: "Signature-Input",
        description: "RFC 9421.",
      },
      admin: { type: "http", scheme: "bearer", description: "The mesh's admin token." },
    },
  },
};

putGenerated(
  resolve(import.meta.dirname, "../docs/openapi.json"),
  `${JSON.stringify(document, null, 2)}\n`,
  process.argv.includes("--check"),
);
