/** Listening to a tag live, and how what is heard is verified. */
import * as z from "zod";
import type { JsonObject } from "../json.ts";
import { type AnswerOf, count, lazily, milliseconds } from "./fields.ts";
import { messageData } from "./messages.ts";
import type { Route } from "./route.ts";

/** Answer of `GET /v1/apps/{appId}/live-key`: public, for those who verify what they hear. */
export const liveKeyAnswer = lazily(() =>
  z.strictObject({
    algorithm: z.literal("ed25519"),
    /** Raw public key, 32 bytes in base64url. */
    publicKey: z.string(),
  }),
);
export type LiveKeyBody = AnswerOf<typeof liveKeyAnswer>;

/** A broadcast as a live listener gets it: a JSON text frame, or the data of an event of type `message`. */
export interface LiveMessageBody {
  readonly type: "message";
  /** Place in the tag's log; also the ID of the event. Resume after it. */
  readonly cursor: number;
  readonly id: string;
  /** The one that was signed: where a broadcast went to several tags, the first of them. */
  readonly tag: string;
  /** In the form in which the sender gave it. */
  readonly data?: string | JsonObject;
  readonly dataBase64?: string;
  /** Milliseconds since 1970. */
  readonly sentAt: number;
  readonly expiresAt: number | null;
  readonly collapseKey?: string;
  /** Ed25519 by the app's live key, 64 bytes in base64url; over what docs/api.md says. Null where it has none. */
  readonly signature: string | null;
  /** The same over all that is here and the tag that is listened to. Absent from a mesh of an older version. */
  readonly placeSignature?: string | null;
}

/** How many listen: the first that a listener gets, and again where it has changed. */
export interface LivePresenceBody {
  readonly type: "presence";
  readonly listeners: number;
  /** Place in the tag's log up to which this listener has everything; also the ID of the event. Resume after it. */
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

/** Where a listener goes on: the cursor of a message. */
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
      "Last-Event-ID": { description: "Of an event stream: resume after this cursor." },
      Accept: { description: "text/event-stream, where it is no WebSocket." },
    },
    answers: lazily(() => ({
      101: { description: "A WebSocket; a refused one is closed at once." },
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
    summary: "The public key by which broadcasts are signed for live listeners",
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
