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
import { appBody, deviceBody, keyBody, MESSAGE_STATUSES, sendBody } from "../schema/http.ts";
import { LIMITS } from "../schema/limits.ts";
import { putGenerated } from "./generated-file.ts";

type Json = Record<string, unknown>;

const { version } = JSON.parse(
  readFileSync(resolve(import.meta.dirname, "../package.json"), "utf8"),
) as { version: string };

/** What a caller may write. The two fields that zod checks by a function are described by hand. */
function bodySchema(schema: z.ZodType): Json {
  const { $schema, ...json } = z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    override: ({ jsonSchema, path }) => {
      if (path.at(-1) === "data" && path.at(-2) === "properties") {
        jsonSchema.description = `A string or an object, at most ${LIMITS.DATA_BYTES} bytes as UTF-8; not with dataBase64.`;
        jsonSchema.anyOf = [{ type: "string" }, { type: "object" }];
      }
    },
  });
  return json;
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

const schemas: Json = {
  Send: bodySchema(sendBody),
  Sent: object({ id: text, status, tookMs: { type: "integer" } }),
  Status: object({ id: text, status, acceptedAt: ms }),
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
const json = (name: string, description: string) => ({
  description,
  content: { "application/json": { schema: ref(name) } },
});
const problem = {
  description: "Refused: see docs/errors.md.",
  content: { "application/problem+json": { schema: ref("Problem") } },
};
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
      summary: "Send a message to one registration",
      security: signed,
      parameters: [
        header("Content-Digest", "RFC 9530, of the body."),
        header(
          "Idempotency-Key",
          "1 to 128 visible ASCII characters; requests with the same are one message.",
        ),
        header("Prefer", "respond-async, or wait=<seconds> (RFC 7240)."),
      ],
      requestBody: body("Send"),
      responses: {
        200: json("Sent", "Final: delivered, or how it ended."),
        202: json("Sent", "Queued: it is on disk and waits for the device."),
      },
    }),
  },
  "/v1/messages/{id}": {
    get: operation({
      summary: "What became of a message",
      security: signed,
      parameters: [inPath("id")],
      responses: { 200: json("Status", "Where it is.") },
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
