/**
 * Writes docs/openapi.json (OpenAPI 3.1) from the table of routes and the error table.
 * `node scripts/generate-openapi.ts [--check]`.
 *
 * --check writes nothing and exits with 1 if the document is not current.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import * as z from "zod";
import { createDocument, type ZodOpenApiOperationObject } from "zod-openapi";
import { ERRORS, type ErrorCode } from "../schema/errors.ts";
import {
  ANY_REQUEST,
  type AnswerRow,
  type Auth,
  aliasAnswer,
  aliasesBody,
  aliasSendAnswer,
  appAnswer,
  appBody,
  appsAnswer,
  appWithKeysAnswer,
  broadcastAnswer,
  broadcastStatus,
  conditionBody,
  deviceAnswer,
  deviceBody,
  healthAnswer,
  isPolled,
  keyAnswer,
  keyBody,
  liveBody,
  liveKeyAnswer,
  liveMessage,
  livePresence,
  membersBody,
  messageData,
  type NamedRoute,
  problemBody,
  RATE_LIMIT,
  registrationAnswer,
  resultsAnswer,
  routesByPath,
  sendAnswer,
  sendBody,
  serviceAnswer,
  statusAnswer,
  tagAnswer,
  tagsAnswer,
  webhookEvent,
  webhookPayload,
} from "../schema/http.ts";
import { LIMITS } from "../schema/limits.ts";
import { putGenerated } from "./generated-file.ts";

type Json = Record<string, unknown>;

const { version } = JSON.parse(
  readFileSync(resolve(import.meta.dirname, "../package.json"), "utf8"),
) as { version: string };

/** Schemas that others refer to, by name. */
const NAMED: Readonly<Record<string, z.ZodType>> = {
  Send: sendBody,
  Condition: conditionBody,
  Data: messageData,
  Sent: sendAnswer(),
  SentToAlias: aliasSendAnswer(),
  Accepted: broadcastAnswer(),
  Status: statusAnswer(),
  BroadcastStatus: broadcastStatus(),
  Members: membersBody,
  NewAliases: aliasesBody,
  Results: resultsAnswer(),
  Alias: aliasAnswer(),
  Registration: registrationAnswer(),
  Tags: tagsAnswer(),
  Tag: tagAnswer(),
  Live: liveBody,
  LiveKey: liveKeyAnswer(),
  LiveMessage: liveMessage(),
  LivePresence: livePresence(),
  NewDevice: deviceBody,
  Device: deviceAnswer(),
  NewApp: appBody,
  App: appAnswer(),
  Apps: appsAnswer(),
  AppWithKeys: appWithKeysAnswer(),
  NewKey: keyBody,
  Key: keyAnswer(),
  Service: serviceAnswer(),
  Health: healthAnswer(),
  Problem: problemBody(),
  WebhookEvent: webhookEvent(),
  WebhookPayload: webhookPayload(),
};
for (const [id, schema] of Object.entries(NAMED)) z.globalRegistry.add(schema, { id });

const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });
const oneField = (name: string, schema: Json): Json => ({
  type: "object",
  properties: { [name]: schema },
  required: [name],
  additionalProperties: false,
});
const conditions = {
  type: "array",
  items: ref("Condition"),
  minItems: 1,
  maxItems: LIMITS.CONDITION_TAGS,
};

const problemCode: unknown = problemBody().shape.code;
const HTTP_CODES = (Object.keys(ERRORS) as ErrorCode[]).filter(
  (code) => ERRORS[code].status !== null,
);

/** What zod checks by a function or nests by hand, described here. */
const BY_HAND = new Map<unknown, Json>([
  [
    messageData,
    {
      description: `A string or an object, at most ${LIMITS.DATA_BYTES} bytes as UTF-8; not with dataBase64.`,
      anyOf: [{ type: "string" }, { type: "object", additionalProperties: true }],
    },
  ],
  [
    conditionBody,
    {
      description: `At most ${LIMITS.CONDITION_TAGS} tags, nested at most ${LIMITS.CONDITION_DEPTH} deep.`,
      oneOf: [
        oneField("tag", { type: "string", minLength: 1 }),
        oneField("any", conditions),
        oneField("all", conditions),
        oneField("not", ref("Condition")),
      ],
    },
  ],
]);

const SECURITY: Readonly<Record<Auth, readonly Record<string, string[]>[]>> = {
  none: [],
  signature: [{ signature: [], signatureInput: [] }],
  admin: [{ admin: [] }],
  "connect-token": [],
  "listen-token": [{}, { listenToken: [] }],
};

/** What is in paths. */
const IN_PATH: Readonly<Record<string, string>> = {
  alias: "1 to 128 bytes of UTF-8, percent-encoded.",
  appId: "As it was made.",
  id: "As the send was answered with it.",
  credentialId: "As it was created.",
  file: "Path of a page or another file, which may have slashes; nothing for the first page.",
  keyId: "<appId>.k<n>",
  regId: "As the device reported it.",
  tag: "1 to 128 bytes of UTF-8, percent-encoded.",
  webhookId: "As the creation was answered with it.",
};

const text = { type: "string" } as const;

function parametersOf(route: NamedRoute) {
  const { path } = route;
  const headers: AnswerRow["headers"] = {
    ...route.headers,
    ...(isPolled(route) ? IF_NONE_MATCH : {}),
  };
  const inPath = [...openapiPath(path).matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => ({
    name,
    in: "path" as const,
    required: true,
    description: IN_PATH[name] ?? "",
    schema: text,
  }));
  const inHeader = Object.entries(headers).map(([name, { description, required }]) => ({
    name,
    in: "header" as const,
    ...(required && { required }),
    description,
    schema: text,
  }));
  return [...inPath, ...inHeader];
}

/** A path of the router, as OpenAPI writes it. */
const openapiPath = (path: string): string =>
  path.replace(/:(\w+)/g, "{$1}").replace(/\*$/, "{file}");

function contentOf({ body, events, file }: AnswerRow) {
  if (body !== undefined) return { "application/json": { schema: body } };
  // What is written of the stream is the data of its events.
  if (events !== undefined) return { "text/event-stream": { schema: events } };
  if (file) return { "*/*": { schema: { type: "string" as const, format: "binary" } } };
  return undefined;
}

/** Headers of every answer to a signed request. */
const headersOf = (auth: Auth): AnswerRow["headers"] => (auth === "signature" ? RATE_LIMIT : {});

const ETAG: AnswerRow["headers"] = {
  etag: { description: "Send it as If-None-Match.", required: true },
};
/** To whoever has the answer already. */
const UNCHANGED = { description: "The answer has the ETag that the request names." };
const IF_NONE_MATCH: AnswerRow["headers"] = {
  "If-None-Match": { description: "The ETag of an earlier answer: 304 if it is still the same." },
};

function answerOf(row: AnswerRow, route: NamedRoute) {
  const content = contentOf(row);
  const etag = isPolled(route) ? ETAG : {};
  const headers = Object.entries({ ...row.headers, ...headersOf(route.auth), ...etag }).map(
    ([name, { description, required }]) => [
      name,
      { description, ...(required && { required }), schema: text },
    ],
  );
  return {
    description: row.description,
    ...(content && { content }),
    ...(headers.length > 0 && { headers: Object.fromEntries(headers) }),
  };
}

const problem = { "application/problem+json": { schema: problemBody() } };
const RETRY_AFTER = {
  "retry-after": {
    description: "Seconds after which it can succeed.",
    schema: { type: "integer" as const, minimum: 1 },
  },
};

/** Refusals by status, each with the codes that it may have. */
function refusalsOf(codes: readonly ErrorCode[]) {
  const byStatus = Object.groupBy(new Set(codes), (code) => ERRORS[code].status ?? 500);
  const refusals = Object.entries(byStatus).map(([status, ofStatus = []]) => [
    status,
    {
      description: ofStatus.map((code) => `\`${code}\`: ${ERRORS[code].title}`).join("\n"),
      ...((status === "429" || status === "503") && { headers: RETRY_AFTER }),
      content: problem,
    },
  ]);
  // A mesh of a later version may refuse for more.
  const other = { description: "Refused: see docs/errors.md.", content: problem };
  return { ...Object.fromEntries(refusals), default: other };
}

/** The schemes of a route. For operators, with the least role (OpenAPI 3.1 allows roles for any scheme). */
function securityOf({ auth, role, scopes }: NamedRoute): Record<string, string[]>[] {
  if (auth === "admin") return [{ admin: [role ?? "owner"] }];
  return [...SECURITY[auth], ...(scopes?.includes("send") ? [{ sendToken: [] }] : [])];
}

const TEXT_BODY = {
  type: "string" as const,
  description: "The text of the message. With a send token; the query names its target.",
};

function operationOf(route: NamedRoute): ZodOpenApiOperationObject {
  const { id, scopes, summary, textQuery, query = textQuery, body, errors } = route;
  const parameters = parametersOf(route);
  const answers = Object.entries(route.answers()).map(([status, row]) => [
    status,
    answerOf(row, route),
  ]);
  if (isPolled(route)) answers.push(["304", UNCHANGED]);
  return {
    operationId: id,
    summary,
    ...(scopes && { description: `Needs a key of scope ${scopes.join(" or ")}.` }),
    security: securityOf(route),
    ...(parameters.length > 0 && { parameters }),
    ...(query && { requestParams: { query: query as z.ZodObject } }),
    ...(body && {
      requestBody: {
        required: true,
        content: {
          "application/json": { schema: body.schema },
          ...(textQuery && { "text/plain": { schema: TEXT_BODY } }),
        },
      },
    }),
    responses: { ...Object.fromEntries(answers), ...refusalsOf([...errors, ...ANY_REQUEST]) },
  };
}

const paths = Object.fromEntries(
  routesByPath().map(({ path, routes }) => [
    openapiPath(path),
    Object.fromEntries(routes.map((route) => [route.method.toLowerCase(), operationOf(route)])),
  ]),
);

const header = (description: string) => ({
  ...({ in: "header", required: true, schema: { type: "string" }, description } as const),
});

/** What the mesh sends to an app's webhooks, by the Standard Webhooks scheme. */
const EVENTS: ZodOpenApiOperationObject = {
  operationId: "events",
  summary: "Events of an app, sent to the URLs of its webhooks",
  // The signature is in its headers.
  security: [],
  description:
    "See docs/webhooks.md. A request that is not answered with 200 to 299 comes again, with the same webhook-id.",
  parameters: [
    { name: "webhook-id", ...header("The same whenever this request is repeated.") },
    { name: "webhook-timestamp", ...header("When it was sent, seconds since 1970.") },
    {
      name: "webhook-signature",
      ...header("One or two of `v1,<HMAC-SHA-256 in base64>`, over ID, timestamp and body."),
    },
  ],
  requestBody: { required: true, content: { "application/json": { schema: webhookPayload() } } },
  responses: {
    "2XX": { description: "The events are stored." },
    "410": { description: "The webhook is disabled." },
  },
};

const document = createDocument(
  {
    openapi: "3.1.0",
    info: {
      title: "pushmesh",
      version,
      description:
        "The HTTPS API of a push mesh. Made by scripts/generate-openapi.ts; docs/api.md explains it.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [
      {
        url: "https://{mesh}",
        description: "The mesh that you run.",
        variables: { mesh: { default: "push.example.com", description: "Its host, and port." } },
      },
    ],
    paths,
    webhooks: { events: { post: EVENTS } },
    components: {
      securitySchemes: {
        signature: { type: "apiKey", in: "header", name: "Signature", description: "RFC 9421." },
        signatureInput: {
          type: "apiKey",
          in: "header",
          name: "Signature-Input",
          description: "RFC 9421.",
        },
        sendToken: {
          type: "http",
          scheme: "bearer",
          description: "A key of the algorithm `bearer`; over https or at loopback.",
        },
        admin: { type: "http", scheme: "bearer", description: "The mesh's admin token." },
        listenToken: {
          type: "http",
          scheme: "bearer",
          description:
            "A listen token, where the tag is not open; or in the query, or a subprotocol.",
        },
      },
    },
  },
  {
    override: ({ jsonSchema, zodSchema, io }) => {
      const byHand = BY_HAND.get(zodSchema);
      if (byHand !== undefined) {
        for (const key of Object.keys(jsonSchema)) delete jsonSchema[key as never];
        Object.assign(jsonSchema, byHand);
      }
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (zodSchema === problemCode) jsonSchema.enum = HTTP_CODES;
      // Tests hold answers to the fields of the table; a reader has to let new ones pass.
      if (io === "output" && jsonSchema.additionalProperties === false) {
        delete jsonSchema.additionalProperties;
      }
    },
    allowEmptySchema: { custom: true },
  },
);

putGenerated(
  resolve(import.meta.dirname, "../docs/openapi.json"),
  `${JSON.stringify(document, null, 2)}\n`,
  process.argv.includes("--check"),
);
