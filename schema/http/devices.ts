/** Routes for devices, and public routes. */
import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { type AnswerOf, lazily, milliseconds } from "./fields.ts";
import { WITH_BODY } from "./problem.ts";
import type { Route } from "./route.ts";

/** `POST /v1/devices`. */
export const deviceBody = z.strictObject({
  proof: z.string().min(1).max(LIMITS.TOKEN_CHARS),
  handover: z.string().min(1).max(LIMITS.TOKEN_CHARS).optional(),
});

export const deviceAnswer = lazily(() =>
  z.strictObject({
    deviceId: z.string(),
    generation: z.int().min(1),
    credential: z.string(),
    now: milliseconds(),
  }),
);
export type DeviceAnswerBody = AnswerOf<typeof deviceAnswer>;

/** Answer of `GET /v1/link-keys`. */
export const linkKeysAnswer = lazily(() =>
  z.strictObject({
    /** First the one to make setups with. */
    keys: z.array(
      z.strictObject({
        /** `KeySetup.kid`. */
        kid: z.int().min(0).max(255),
        /** X25519, raw: 32 bytes in base64url. */
        publicKey: z.string(),
      }),
    ),
  }),
);
export type LinkKeysAnswerBody = AnswerOf<typeof linkKeysAnswer>;

/** Answer of `GET /`. */
export const serviceAnswer = lazily(() =>
  z.strictObject({
    service: z.literal("pushmesh"),
    /** The subprotocol of device links. */
    protocol: z.string(),
    documentation: z.string(),
  }),
);
export type ServiceAnswerBody = AnswerOf<typeof serviceAnswer>;

/** Answer of `GET /healthz`. */
export const healthAnswer = lazily(() =>
  z.strictObject({ status: z.literal("ok"), now: milliseconds() }),
);
export type HealthAnswerBody = AnswerOf<typeof healthAnswer>;

export const deviceRoutes = {
  getService: {
    method: "GET",
    path: "/",
    auth: "none",
    summary: "Get the name of the service",
    answers: lazily(() => ({
      200: { description: "Name and documentation.", body: serviceAnswer() },
    })),
    errors: [],
  },
  /** Open to pages of any origin: a device in a browser needs it to correct its clock. */
  getHealth: {
    method: "GET",
    path: "/healthz",
    auth: "none",
    cors: true,
    summary: "Check that the mesh answers, and get its clock",
    answers: lazily(() => ({
      200: {
        description: "The mesh answers.",
        body: healthAnswer(),
        headers: { "cache-control": { description: "no-store", required: true } },
      },
    })),
    errors: [],
  },
  getDocs: {
    method: "GET",
    path: "/docs/*",
    auth: "none",
    summary: "Get a page of the documentation, where it was built (npm run docs)",
    answers: lazily(() => ({
      200: {
        description: "The page, or a file that it needs.",
        file: true,
        headers: {
          "cache-control": { description: "public, for 5 minutes", required: true },
          "content-security-policy": {
            description: "Nothing but what is below /docs/.",
            required: true,
          },
        },
      },
      308: {
        description: "The documentation is at /docs/.",
        headers: { location: { description: "/docs/", required: true } },
      },
    })),
    errors: ["not_found", "too_many_requests"],
  },
  openAccount: {
    method: "POST",
    path: "/v1/devices",
    auth: "none",
    cors: true,
    summary: "Create or find a device account (docs/protocol.md, section 1)",
    body: { schema: deviceBody, maxBytes: LIMITS.BODY_BYTES },
    answers: lazily(() => ({
      200: { description: "The account existed.", body: deviceAnswer() },
      201: { description: "Created.", body: deviceAnswer() },
    })),
    errors: [...WITH_BODY, "proof_invalid", "proof_expired", "device_active"],
  },
  getLinkKeys: {
    method: "GET",
    path: "/v1/link-keys",
    auth: "none",
    cors: true,
    summary:
      "Get the public keys with which apps agree with the mesh on keys (docs/protocol.md, section 9)",
    answers: lazily(() => ({
      200: {
        description: "The keys; they change when the keys of the mesh rotate.",
        body: linkKeysAnswer(),
        headers: { "cache-control": { description: "public, for 5 minutes", required: true } },
      },
    })),
    errors: [],
  },
  openLink: {
    method: "GET",
    path: "/v1/connect",
    auth: "connect-token",
    upgrade: true,
    summary: "Open the device link, a WebSocket (docs/protocol.md, section 2)",
    headers: {
      "Sec-WebSocket-Protocol": {
        description: "pushmesh.v1, pushmesh.token.<token>",
        required: true,
      },
    },
    answers: lazily(() => ({ 101: { description: "The link; a bad token closes it at once." } })),
    errors: ["upgrade_required", "subprotocol_unsupported"],
  },
} as const satisfies Record<string, Route>;
