/** The values that schema/vectors/link.json holds the bytes of. */
import { dataHash } from "../../schema/data-hash.ts";
import {
  type Broadcast,
  CHANNEL_ECHO,
  CHANNEL_LINK,
  CHANNEL_PUSH,
  ContentType,
  encodeAck,
  encodeAliasLost,
  encodeAttach,
  encodeAttribute,
  encodeBroadcast,
  encodeBroadcasts,
  encodeCursor,
  encodeDeliver,
  encodeDescribe,
  encodeDescribed,
  encodeDetach,
  encodeDone,
  encodeEcho,
  encodeEnvelope,
  encodeGoaway,
  encodeGrant,
  encodeHello,
  encodeLinkDown,
  encodeLinkUp,
  encodeMessage,
  encodeNotification,
  encodeNotificationAction,
  encodePublishKey,
  encodePushDown,
  encodePushUp,
  encodeRefusal,
  encodeRegister,
  encodeRegistered,
  encodeRegistration,
  encodeRemoved,
  encodeReport,
  encodeSetAlias,
  encodeSubscribe,
  encodeUnregister,
  encodeUnregistered,
  encodeUpstream,
  encodeWelcome,
  type Hello,
  type Message,
  type Notification,
  Priority,
  type Registration,
  type Removed,
  type Welcome,
} from "../../schema/generated/link.ts";
import { DELIVERY_VALUES, SET_DELIVERY } from "./delivery-values.ts";
import { DEVICE_EVENTS, EVENT_VALUES } from "./event-values.ts";
import { SEALED_VALUES } from "./sealed-values.ts";
import { SENDER_VALUES } from "./sender-values.ts";
import { bytes, MAX_I32, MAX_I64, MIN_I32, SEQ, text, type ValueVector, vector } from "./values.ts";

const hello: Hello = { revision: 1 };
/** The form of a compact JWS; nothing reads it here. */
const GRANT = "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl";
const registration: Registration = { slot: 1, appId: "app_7f3k", regId: "AQIDBAUGBwg" };
const welcome: Welcome = {
  session: bytes(16),
  serverTimeMs: 1_793_491_200_000,
  heartbeatMinMs: 30_000,
  heartbeatMaxMs: 540_000,
  heartbeatMs: 60_000,
  reconnectBaseMs: 1_000,
  reconnectMaxMs: 60_000,
  maxFrameBytes: 65_536,
  registrations: [registration],
  resumed: true,
};
const removed: Removed = {
  slot: 1,
  code: 230,
  name: "removed",
  message: "The app's server removed the registration.",
  appId: "app_7f3k",
};
const button = { action: "yes", title: "Да 👍" };
const notification: Notification = {
  ...{ title: "Anna", body: "Lunch?", icon: "/anna.png", image: "https://example.com/menu.jpg" },
  ...{ url: "/chat/7", badge: 3, actions: [button, { ...button, icon: "/yes.png", url: "/yes" }] },
};
const message: Message = {
  slot: 1,
  seq: SEQ,
  key: bytes(9),
  priority: Priority.NORMAL,
  contentType: ContentType.JSON,
  data: text('{"n":1}'),
  expiresAtMs: 1_795_910_400_000,
};
const broadcast: Broadcast = {
  slot: 1,
  tagRef: 1_234_567_890,
  tag: "weather/berlin",
  position: 300,
  seq: SEQ,
  key: bytes(9),
  source: "AQIDBAUGBwgJCgsMDQ4PEAECAwQFBgcI",
  priority: Priority.NORMAL,
  contentType: ContentType.JSON,
  data: text('{"n":1}'),
  expiresAtMs: 1_795_910_400_000,
};
const cursor = { slot: 1, tagRef: 1_234_567_890, position: 300 };
const subscribe = { request: 3, slot: 1, add: ["weather/berlin", "Ferien 🏖"], remove: ["old"] };
const setAlias = { request: 4, slot: 1, alias: "user-17", held: true };
const report = { request: 5, slot: 1, platform: "ios", appVersion: "2.10.0", locale: "de-CH" };
const publishKey = {
  request: 8,
  slot: 1,
  publicKey: Uint8Array.of(4, ...Array.from({ length: 64 }, (_, i) => i)),
  auth: new Uint8Array(16).fill(0xa5),
};
const upstream = {
  ...{ request: 9, slot: 1, key: bytes(16) },
  ...{ contentType: ContentType.JSON, data: text('{"seen":1}') },
};
const NO_BYTES = new Uint8Array();
const described = { request: 6, tags: ["weather/berlin"], aliases: ["user-17"] };
const ack = { slot: 1, priority: Priority.HIGH, seq: SEQ + 4095 };
const refusal = { code: 706, name: "rate_limited", message: "Commands come faster than they may." };

export const VALUES: readonly ValueVector[] = [
  ...vector("Envelope", encodeEnvelope, {
    "envelope, empty body": { channel: CHANNEL_LINK, body: bytes(0) },
    "envelope, body of 128 bytes has a length of two": { channel: -1, body: bytes(128) },
    "envelope, largest channel": { channel: 32_767, body: bytes(1) },
    "envelope, smallest channel": { channel: -32_768, body: bytes(1) },
    "frame of hello": {
      channel: CHANNEL_LINK,
      body: encodeLinkUp({ kind: "hello", value: hello }),
    },
    "frame of deliver": {
      channel: CHANNEL_PUSH,
      body: encodePushDown({ kind: "deliver", value: { messages: [message] } }),
    },
    "frame of acks": {
      channel: CHANNEL_PUSH,
      body: encodePushUp({ kind: "acks", value: [ack] }),
    },
    "frame of broadcasts": {
      channel: CHANNEL_PUSH,
      body: encodePushDown({ kind: "broadcasts", value: { broadcasts: [broadcast] } }),
    },
    "frame of cursors": {
      channel: CHANNEL_PUSH,
      body: encodePushUp({ kind: "cursors", value: [cursor] }),
    },
    "frame of echo": { channel: CHANNEL_ECHO, body: encodeEcho({ nonce: 1 }) },
  }),
  ...vector("Cursor", encodeCursor, {
    cursor,
    "cursor, two discarded": { ...cursor, discarded: [cursor.position - 1, cursor.position] },
    "cursor, largest numbers": { slot: 31, tagRef: MAX_I32, position: MAX_I64 },
  }),
  ...vector("Hello", encodeHello, {
    "hello, first": hello,
    "hello, everything": {
      revision: 1,
      lastSeq: SEQ,
      attach: [1, 2, 32],
      agent: "pushmesh-js/0.1.0",
      session: bytes(16),
    },
    "hello, with cursors of two tags": {
      revision: 1,
      attach: [1],
      cursors: [cursor, { slot: 1, tagRef: 1, position: 1 }],
    },
    "hello, gaps between optional fields": { revision: 1, attach: [], session: bytes(16) },
    "hello, list of 14 has a short header": {
      revision: 1,
      attach: Array.from({ length: 14 }, (_, at) => at),
    },
    "hello, list of 15 has a long header": {
      revision: 1,
      attach: Array.from({ length: 15 }, (_, at) => at),
    },
    "hello, i32 varint edges": {
      revision: 1,
      attach: [0, -1, 63, -64, 64, -65, 8191, 8192, MAX_I32, MIN_I32],
    },
    "hello, text beyond ASCII": { revision: 1, agent: "é 推送 📨" },
    "hello, byte order mark is kept": { revision: 1, agent: "\ufeffa" },
    "hello, empty text": { revision: 1, agent: "" },
  }),
  ...vector("Registration", encodeRegistration, {
    registration,
    "registration, with its identity": { ...registration, identity: "EjQtVniQ" },
  }),
  ...vector("Welcome", encodeWelcome, {
    "welcome, resumed": welcome,
    "welcome, no registrations, not resumed": { ...welcome, registrations: [], resumed: false },
    "welcome, with a window for the first reconnect": { ...welcome, reconnectFirstMs: 20_000 },
    "welcome, with a removed registration": { ...welcome, registrations: [], removed: [removed] },
  }),
  ...vector("Refusal", encodeRefusal, {
    "refusal, of no request": refusal,
    "refusal, of a request, with a wait": { ...refusal, request: 7, retryAfterMs: 250 },
    "refusal, with a wait only": { ...refusal, retryAfterMs: 250 },
  }),
  ...vector("Goaway", encodeGoaway, {
    goaway: { reason: "going_away", reconnectWithinMs: 30_000 },
  }),
  ...vector("LinkUp", encodeLinkUp, { "link up: hello": { kind: "hello", value: hello } }),
  ...vector("LinkDown", encodeLinkDown, {
    "link down: welcome": { kind: "welcome", value: welcome },
    "link down: refusal": { kind: "refusal", value: refusal },
    "link down: goaway": {
      kind: "goaway",
      value: { reason: "going_away", reconnectWithinMs: 0 },
    },
  }),
  ...vector("Register", encodeRegister, {
    register: { request: 1, appId: "app_7f3k" },
    "register, with a grant": { request: 1, appId: "app_7f3k", grant: GRANT },
  }),
  ...vector("Grant", encodeGrant, { grant: { request: 7, slot: 1, grant: GRANT } }),
  ...vector("Unregister", encodeUnregister, { unregister: { request: 2, slot: 1 } }),
  ...vector("Attach", encodeAttach, { attach: { slot: 1 } }),
  ...vector("Detach", encodeDetach, { detach: { slot: 1 } }),
  ...vector("Ack", encodeAck, {
    ack,
    "ack, one of its lane discarded": { ...ack, discarded: [ack.seq] },
    "ack, only what was discarded": { ...ack, seq: 0, discarded: [SEQ, SEQ + 2] },
    "ack, low priority, largest seq": { slot: 32, priority: Priority.LOW, seq: MAX_I64 },
  }),
  ...vector("Registered", encodeRegistered, {
    registered: { request: 1, registration },
    "registered, lapsed": { request: 1, registration: { ...registration, lapsed: true } },
  }),
  ...vector("Unregistered", encodeUnregistered, { unregistered: { request: 2, slot: 1 } }),
  ...vector("NotificationAction", encodeNotificationAction, {
    button,
    "button, everything": { ...button, icon: "/yes.png", url: "/yes" },
  }),
  ...vector("Notification", encodeNotification, {
    notification,
    "notification, of no badge": { badge: 0 },
    "notification, of nothing": {},
  }),
  ...vector("Message", encodeMessage, {
    "message, JSON": message,
    "message, with a notification": { ...message, notification },
    "message, bytes, everything": {
      ...message,
      priority: Priority.LOW,
      contentType: ContentType.BINARY,
      data: bytes(256),
      collapseKey: "inbox",
      replay: true,
    },
    "message, 28 days left": { ...message, remainingMs: 2_419_200_000 },
    "message, for its answer alone": { ...message, replay: true, remainingMs: 0 },
    "message, for its answer alone, without its data": {
      ...message,
      data: new Uint8Array(),
      replay: true,
      remainingMs: 0,
      dataHash: dataHash(message.data),
    },
    "message, ttl 0, empty text, not replayed": {
      slot: 2,
      seq: SEQ,
      key: bytes(9),
      priority: Priority.HIGH,
      contentType: ContentType.TEXT,
      data: bytes(0),
      replay: false,
    },
  }),
  ...vector("Deliver", encodeDeliver, {
    "deliver, none": { messages: [] },
    "deliver, two": { messages: [message, { ...message, seq: SEQ + 1, data: text("{}") }] },
  }),
  ...vector("Subscribe", encodeSubscribe, {
    subscribe,
    "subscribe, of nothing": { ...subscribe, add: [], remove: [] },
  }),
  ...vector("SetAlias", encodeSetAlias, {
    "set alias, to have it alone": setAlias,
    "set alias, to share it": { ...setAlias, shared: true },
    "set alias, to take it away": { ...setAlias, held: false, shared: false },
  }),
  ...vector("Attribute", encodeAttribute, {
    attribute: { name: "plan", value: "pro" },
    "attribute, empty value": { name: "plan", value: "" },
  }),
  ...vector("Report", encodeReport, {
    report,
    "report, of nothing": { request: 5, slot: 1 },
    "report, custom attributes only": {
      request: 5,
      slot: 1,
      attributes: [
        { name: "plan", value: "pro" },
        { name: "größe", value: "XL" },
      ],
    },
  }),
  ...vector("Upstream", encodeUpstream, {
    "upstream, JSON": upstream,
    "upstream, bytes": { ...upstream, contentType: ContentType.BINARY, data: bytes(256) },
  }),
  ...vector("Describe", encodeDescribe, { describe: { request: 6, slot: 1 } }),
  ...vector("PublishKey", encodePublishKey, {
    "publish key": publishKey,
    "publish key, withdrawn": { ...publishKey, publicKey: NO_BYTES, auth: NO_BYTES },
  }),
  ...vector("Done", encodeDone, { done: { request: 3 } }),
  ...vector("Described", encodeDescribed, {
    described,
    "described, of nothing": { request: 6, tags: [], aliases: [] },
    "described, with more to come": { ...described, more: true },
  }),
  ...vector("Broadcast", encodeBroadcast, {
    "broadcast, JSON": broadcast,
    "broadcast, an hour left": { ...broadcast, remainingMs: 3_600_000 },
    "broadcast, with a notification": { ...broadcast, remainingMs: 3_600_000, notification },
    "broadcast, to all devices, ttl 0, everything else": {
      slot: 31,
      tagRef: MAX_I32,
      tag: "",
      position: 1,
      seq: SEQ + 1,
      key: bytes(9),
      source: broadcast.source,
      priority: Priority.HIGH,
      contentType: ContentType.BINARY,
      data: bytes(256),
      collapseKey: "score",
    },
  }),
  ...vector("Broadcasts", encodeBroadcasts, {
    "broadcasts, none": { broadcasts: [] },
    "broadcasts, two": {
      broadcasts: [broadcast, { ...broadcast, position: 301, data: text("{}") }],
    },
  }),
  ...EVENT_VALUES,
  ...DELIVERY_VALUES,
  ...vector("Removed", encodeRemoved, {
    removed,
    "removed, banned for a year": { ...removed, code: 231, name: "banned", retryAfterMs: 31_536e6 },
  }),
  ...vector("AliasLost", encodeAliasLost, { "alias lost": { slot: 1, alias: "user-17" } }),
  ...vector("PushUp", encodePushUp, {
    "push up: register": { kind: "register", value: { request: 1, appId: "app_7f3k" } },
    "push up: unregister": { kind: "unregister", value: { request: 2, slot: 1 } },
    "push up: attach": { kind: "attach", value: { slot: 1 } },
    "push up: detach": { kind: "detach", value: { slot: 1 } },
    "push up: acks of two lanes": {
      kind: "acks",
      value: [ack, { ...ack, priority: Priority.LOW }],
    },
    "push up: subscribe": { kind: "subscribe", value: subscribe },
    "push up: set alias": { kind: "setAlias", value: setAlias },
    "push up: report": { kind: "report", value: report },
    "push up: describe": { kind: "describe", value: { request: 6, slot: 1 } },
    "push up: publish key": { kind: "publishKey", value: publishKey },
    "push up: upstream": { kind: "upstream", value: upstream },
    "push up: cursors of two tags": {
      kind: "cursors",
      value: [cursor, { ...cursor, tagRef: 1, position: 64 }],
    },
    "push up: delivery": { kind: "delivery", value: SET_DELIVERY },
    "push up: events": { kind: "events", value: DEVICE_EVENTS },
    "push up: grant": { kind: "grant", value: { request: 7, slot: 1, grant: GRANT } },
  }),
  ...vector("PushDown", encodePushDown, {
    "push down: registered": { kind: "registered", value: { request: 1, registration } },
    "push down: unregistered": { kind: "unregistered", value: { request: 2, slot: 1 } },
    "push down: deliver": { kind: "deliver", value: { messages: [message] } },
    "push down: done": { kind: "done", value: { request: 3 } },
    "push down: described": { kind: "described", value: described },
    "push down: broadcasts": { kind: "broadcasts", value: { broadcasts: [broadcast] } },
    "push down: withdraw": { kind: "withdraw", value: { slot: 1, key: bytes(9) } },
    "push down: alias lost": { kind: "aliasLost", value: { slot: 1, alias: "user-17" } },
    "push down: removed": { kind: "removed", value: removed },
    "push down: refusal": { kind: "refusal", value: { ...refusal, request: 1 } },
  }),
  ...vector("Echo", encodeEcho, {
    "echo, nonce 0": { nonce: 0 },
    "echo, nonce -1": { nonce: -1 },
    "echo, nonce 2^31": { nonce: 2 ** 31 },
    "echo, nonce 2^53 - 1": { nonce: MAX_I64 },
    "echo, nonce -(2^53 - 1)": { nonce: -MAX_I64 },
    "echo, with data": { nonce: 1, data: text("ping") },
  }),
  ...SEALED_VALUES,
  ...SENDER_VALUES,
];
