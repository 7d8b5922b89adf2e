/** Listening to a tag live, and the key to verify live messages. */
import * as z from "zod";
import type { JsonObject } from "../json.ts";
import { type AnswerOf, count, lazily, milliseconds } from "./fields.ts";
import { messageData } from "./messages.ts";
import type { Route } from "./route.ts";

/** Answer of `GET /v1/apps/{appId}/live-key`: public, so that listeners can verify messages. */
export const liveKeyAnswer = lazily(() =>
  z.strictObject({
    algorithm: z.literal("ed25519"),
    /** Raw public key, 32 bytes in base64url. */
    publicKey: z.string(),
  }),
);
export type LiveKeyBody = AnswerOf<typeof liveKeyAnswer>;

/** A broadcast to a live listener: a JSON text frame, or the data of an event of type `message`. */
export interface LiveMessageBody {
  readonly type: "message";
  /** Position in the tag's log, to resume after; also the ID of the event. */
  readonly cursor: number;
  readonly id: string;
  /** The signed tag: for a broadcast to several tags, the first of them. */
  readonly tag: string;
  /** In the form that the sender used. */
  readonly data?: string | JsonObject;
  readonly dataBase64?: string;
  /** Milliseconds since 1970. */
  readonly sentAt: number;
  readonly expiresAt: number | null;
  readonly collapseKey?: string;
  /** Ed25519 signature by the app's live key, 64 bytes in base64url; docs/api.md has the signed bytes. Null if there is none. */
  readonly signature: string | null;
  /** The same over all fields and the tag that is listened to. Absent from meshes of an older version. */
  readonly placeSignature?: string | null;
}

/** The number of listeners: the first frame of each listener, and sent again when the number changes. */
export interface LivePresenceBody {
  readonly type: "presence";
  readonly listeners: number;
  /** Position in the tag's log up to which this listener has everything, to resume after; also the ID of the event. */
  readonly cursor: number;
}

export const liveMessage = lazily(
  () =>
    z.strictObject({
      type: z.literal("message"),
      cursor: count(),
      id: z.string(),
      tag: z.string(),
      data: messageData.exactOptional(),
      dataBase64: z.base64().exactOptional(),
      sentAt: milliseconds(),
      expiresAt: milliseconds().nullable(),
      collapseKey: z.string().exactOptional(),
      signature: z.string().nullable(),
      placeSignature: z.string().nullable().exactOptional(),
    }) satisfies z.ZodType<LiveMessageBody>,
);

export const livePresence = lazily(
  () =>
    z.strictObject({
      type: z.literal("presence"),
      listeners: count(),
      cursor: count(),
    }) satisfies z.ZodType<LivePresenceBody>,
);

/** The cursor after which a listener resumes. */
export const POSITION = /^\d{1,15}$/;

const liveQuery = z.object({
  after: z.string().regex(POSITION).optional().describe("Resume after this cursor."),
  token: z.string().optional().describe("A listen token."),
});

export const liveRoutes = {
  listenLive: {
    method: "GET",
    path: "/v1/apps/:appId/tags/:tag/live",
    auth: "listen-token",
    upgrade: true,
    cors: true,
    summary: "Listen to a tag live (docs/api.md, Live listeners)",
    query: liveQuery,
    headers: {
      "Sec-WebSocket-Protocol": {
        description: "None, or pushmesh.live.v1, pushmesh.token.<token>",
      },
      "Last-Event-ID": { description: "For an event stream: resume after this cursor." },
      Accept: { description: "text/event-stream, unless it is a WebSocket." },
    },
    answers: lazily(() => ({
      101: { description: "A WebSocket. If the request is refused, it is closed at once." },
      200: {
        description: "The events.",
        events: z.union([liveMessage(), livePresence()]),
        headers: {
          "cache-control": { description: "no-store", required: true },
          "x-accel-buffering": { description: "no", required: true },
        },
      },
    })),
    errors: [
      "field_invalid",
      "app_not_found",
      "live_closed",
      "listen_token_invalid",
      "live_full",
      "upgrade_required",
      "subprotocol_unsupported",
    ],
  },
  getLiveKey: {
    method: "GET",
    path: "/v1/apps/:appId/live-key",
    auth: "none",
    cors: true,
    summary: "Get the public key that signs broadcasts for live listeners",
    answers: lazily(() => ({
      200: {
        description: "It never changes.",
        body: liveKeyAnswer(),
        headers: { "cache-control": { description: "public, for a day", required: true } },
      },
    })),
    errors: ["app_not_found"],
  },
} as const satisfies Record<string, Route>;
