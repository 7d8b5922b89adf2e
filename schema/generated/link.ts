// Made by scripts/generate-schema.ts from schema/link.thrift. Do not edit: run that again.
// The number of a struct has a bit per ID of its required fields.

import { decode } from "../codec/reader.ts";
import { type Shape, BINARY, BOOL, I16, I32, I64, STRING, enumeration, list, struct, union } from "../codec/shape.ts";
import { encode } from "../codec/writer.ts";

/** Envelope.channel of the link itself: hello, welcome, errors. */
export const CHANNEL_LINK = 0;

/** Envelope.channel of push: registrations, messages, acknowledgements. */
export const CHANNEL_PUSH = 1;

/** Envelope.channel of the diagnostic echo. */
export const CHANNEL_ECHO = 2;

/** Envelope.channel of a sender link: what app servers send, and its results. The only channel of its socket. */
export const CHANNEL_SEND = 3;

/** The link protocol revision that this IDL describes; sent in Hello. */
export const PROTOCOL_REVISION = 1;

/** One WebSocket message: a channel and that channel's frame, itself a compact struct. */
export interface Envelope {
  readonly channel: number;
  readonly body: Uint8Array;
}

const EnvelopeShape: Shape<Envelope> = /* @__PURE__ */ struct<Envelope>(0x6, {
  channel: I16,
  body: BINARY,
});

/** The bytes of one Envelope. @throws ThriftError `range` if a number does not fit its type. */
export const encodeEnvelope = (value: Envelope): Uint8Array<ArrayBuffer> =>
  encode(value, EnvelopeShape[2]);

/** Reads one Envelope that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeEnvelope = (bytes: Uint8Array): Envelope => decode(bytes, EnvelopeShape[1]);

/** Messages of one priority keep their order; a higher priority may overtake a lower one. */
export const Priority = {
  HIGH: 1,
  NORMAL: 2,
  LOW: 3,
} as const;
export type Priority = 1 | 2 | 3;

const PriorityShape: Shape<Priority> = /* @__PURE__ */ enumeration(Priority);

/** The form in which the sender gave the data, and in which the app gets it. */
export const ContentType = {
  /**
   * UTF-8 JSON text of an object. Data that begins with the byte 0xFF, which UTF-8 never has, is encrypted to the key of the
   * registration: see docs/protocol.md, section 7.
   */
  JSON: 1,
  /** UTF-8 text. */
  TEXT: 2,
  /** Bytes. */
  BINARY: 3,
} as const;
export type ContentType = 1 | 2 | 3;

const ContentTypeShape: Shape<ContentType> = /* @__PURE__ */ enumeration(ContentType);

/** The position of a registration in the broadcasts of one tag. */
export interface Cursor {
  readonly slot: number;
  /** Broadcast.tagRef. */
  readonly tagRef: number;
  /** Broadcast.position of the last broadcast that the app has. */
  readonly position: number;
  /** Positions of broadcasts on this socket that were dropped because their time was over; the app did not get them. */
  readonly discarded?: readonly number[];
}

const CursorShape: Shape<Cursor> = /* @__PURE__ */ struct<Cursor>(0xe, {
  slot: I32,
  tagRef: I32,
  position: I64,
  discarded: /* @__PURE__ */ list(I64),
});

/** The bytes of one Cursor. @throws ThriftError `range` if a number does not fit its type. */
export const encodeCursor = (value: Cursor): Uint8Array<ArrayBuffer> =>
  encode(value, CursorShape[2]);

/** Reads one Cursor that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeCursor = (bytes: Uint8Array): Cursor => decode(bytes, CursorShape[1]);

/** First frame of a device, once per socket, within the hello timeout. */
export interface Hello {
  readonly revision: number;
  /** The highest Message.seq or Sealed.number that this device ever received, at least for the slots of `attach`; the mesh continues numbering above it. */
  readonly lastSeq?: number;
  /** Slots whose app is listening now; only these receive messages. */
  readonly attach?: readonly number[];
  /** Free text for logs: SDK name and version. At most 64 bytes. */
  readonly agent?: string;
  /** The session of the last Welcome, if the device resumes. */
  readonly session?: Uint8Array;
  /** The device's positions in its tags. Tags that it does not name continue from what the mesh remembers. */
  readonly cursors?: readonly Cursor[];
}

const HelloShape: Shape<Hello> = /* @__PURE__ */ struct<Hello>(0x2, {
  revision: I32,
  lastSeq: I64,
  attach: /* @__PURE__ */ list(I32),
  agent: STRING,
  session: BINARY,
  cursors: /* @__PURE__ */ list(CursorShape),
});

/** The bytes of one Hello. @throws ThriftError `range` if a number does not fit its type. */
export const encodeHello = (value: Hello): Uint8Array<ArrayBuffer> =>
  encode(value, HelloShape[2]);

/** Reads one Hello that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeHello = (bytes: Uint8Array): Hello => decode(bytes, HelloShape[1]);

/** A registration the mesh holds for this device. */
export interface Registration {
  readonly slot: number;
  readonly appId: string;
  readonly regId: string;
  /**
   * Opaque, the same for the life of the registration, and unique on this device. A change of the mesh's keys gives a
   * registration another regId; this says that it is the same one. A mesh of an older version does not send it.
   */
  readonly identity?: string;
  /**
   * The registration has to be renewed by a grant before it receives anything: Attach is refused, and its messages wait. Absent
   * for false.
   */
  readonly lapsed?: boolean;
  /**
   * The epoch of the key with which the mesh seals what it sends to this registration: see Sealed. Absent: it has none, and waits
   * for a setup if it had one.
   */
  readonly epoch?: number;
  /** With `epoch`: shows that whoever has that key says that this is its regId. 16 bytes; see docs/protocol.md, section 9. */
  readonly proof?: Uint8Array;
  /** The settings that the mesh has of this registration, as a hash: see SetDelivery. Absent: none. */
  readonly delivery?: number;
}

const RegistrationShape: Shape<Registration> = /* @__PURE__ */ struct<Registration>(0xe, {
  slot: I32,
  appId: STRING,
  regId: STRING,
  identity: STRING,
  lapsed: BOOL,
  epoch: I32,
  proof: BINARY,
  delivery: I32,
});

/** The bytes of one Registration. @throws ThriftError `range` if a number does not fit its type. */
export const encodeRegistration = (value: Registration): Uint8Array<ArrayBuffer> =>
  encode(value, RegistrationShape[2]);

/** Reads one Registration that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeRegistration = (bytes: Uint8Array): Registration => decode(bytes, RegistrationShape[1]);

/** The app's server removed the registration: it has ended, and the device must not register again by itself. */
export interface Removed {
  readonly slot: number;
  /** `removed` (230), or `banned` (231) if the device may not register for this app yet. Codes: docs/errors.md. */
  readonly code: number;
  readonly name: string;
  readonly message: string;
  readonly appId: string;
  /** Of `banned`: how long it lasts. */
  readonly retryAfterMs?: number;
}

const RemovedShape: Shape<Removed> = /* @__PURE__ */ struct<Removed>(0x3e, {
  slot: I32,
  code: I32,
  name: STRING,
  message: STRING,
  appId: STRING,
  retryAfterMs: I64,
});

/** The bytes of one Removed. @throws ThriftError `range` if a number does not fit its type. */
export const encodeRemoved = (value: Removed): Uint8Array<ArrayBuffer> =>
  encode(value, RemovedShape[2]);

/** Reads one Removed that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeRemoved = (bytes: Uint8Array): Removed => decode(bytes, RemovedShape[1]);

/** Answer to Hello. All times are milliseconds. */
export interface Welcome {
  /** 16 random bytes that identify this session. */
  readonly session: Uint8Array;
  /** Clock of the mesh, milliseconds since 1970. */
  readonly serverTimeMs: number;
  /** Bounds and first value of the heartbeat interval. */
  readonly heartbeatMinMs: number;
  readonly heartbeatMaxMs: number;
  readonly heartbeatMs: number;
  /** Full-jitter reconnect window: its first value, and the maximum to which it doubles. */
  readonly reconnectBaseMs: number;
  readonly reconnectMaxMs: number;
  /** Largest WebSocket message either side may send, in bytes. */
  readonly maxFrameBytes: number;
  /** The registrations the mesh holds for this device. */
  readonly registrations: readonly Registration[];
  /** Hello.session is the session before this one: no other link was opened in between. */
  readonly resumed: boolean;
  /** Window of the first reconnect after an established link was closed; `reconnectBaseMs` if absent. */
  readonly reconnectFirstMs?: number;
  /** Registrations that app servers removed, until the app registers again. Absent for none. */
  readonly removed?: readonly Removed[];
}

const WelcomeShape: Shape<Welcome> = /* @__PURE__ */ struct<Welcome>(0x7fe, {
  session: BINARY,
  serverTimeMs: I64,
  heartbeatMinMs: I32,
  heartbeatMaxMs: I32,
  heartbeatMs: I32,
  reconnectBaseMs: I32,
  reconnectMaxMs: I32,
  maxFrameBytes: I32,
  registrations: /* @__PURE__ */ list(RegistrationShape),
  resumed: BOOL,
  reconnectFirstMs: I32,
  removed: /* @__PURE__ */ list(RemovedShape),
});

/** The bytes of one Welcome. @throws ThriftError `range` if a number does not fit its type. */
export const encodeWelcome = (value: Welcome): Uint8Array<ArrayBuffer> =>
  encode(value, WelcomeShape[2]);

/** Reads one Welcome that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeWelcome = (bytes: Uint8Array): Welcome => decode(bytes, WelcomeShape[1]);

/** The mesh refuses one frame or command; the link stays up. Codes: docs/errors.md. */
export interface Refusal {
  readonly code: number;
  readonly name: string;
  readonly message: string;
  /** The request that the refusal answers, if there was one. */
  readonly request?: number;
  /** Wait this long before the same request again. */
  readonly retryAfterMs?: number;
}

const RefusalShape: Shape<Refusal> = /* @__PURE__ */ struct<Refusal>(0xe, {
  code: I32,
  name: STRING,
  message: STRING,
  request: I32,
  retryAfterMs: I32,
});

/** The bytes of one Refusal. @throws ThriftError `range` if a number does not fit its type. */
export const encodeRefusal = (value: Refusal): Uint8Array<ArrayBuffer> =>
  encode(value, RefusalShape[2]);

/** Reads one Refusal that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeRefusal = (bytes: Uint8Array): Refusal => decode(bytes, RefusalShape[1]);

/** The mesh announces that it will close the socket soon; reconnect within the window. */
export interface Goaway {
  readonly reason: string;
  readonly reconnectWithinMs: number;
}

const GoawayShape: Shape<Goaway> = /* @__PURE__ */ struct<Goaway>(0x6, {
  reason: STRING,
  reconnectWithinMs: I32,
});

/** The bytes of one Goaway. @throws ThriftError `range` if a number does not fit its type. */
export const encodeGoaway = (value: Goaway): Uint8Array<ArrayBuffer> =>
  encode(value, GoawayShape[2]);

/** Reads one Goaway that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeGoaway = (bytes: Uint8Array): Goaway => decode(bytes, GoawayShape[1]);

export type LinkUp =
  | { readonly kind: "hello"; readonly value: Hello }
  /** A frame of a newer peer: none of its fields is in our IDL. The value is the ID of the last. */
  | { readonly kind: "unknown"; readonly value: number };

/** A LinkUp that can be sent. */
export type WritableLinkUp = Exclude<LinkUp, { readonly kind: "unknown" }>;

const LinkUpShape: Shape<LinkUp, WritableLinkUp> = /* @__PURE__ */ union<LinkUp, WritableLinkUp>({
  hello: HelloShape,
});

/** The bytes of one LinkUp. @throws ThriftError `range` if a number does not fit its type. */
export const encodeLinkUp = (value: WritableLinkUp): Uint8Array<ArrayBuffer> =>
  encode(value, LinkUpShape[2]);

/** Reads one LinkUp that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeLinkUp = (bytes: Uint8Array): LinkUp => decode(bytes, LinkUpShape[1]);

export type LinkDown =
  | { readonly kind: "welcome"; readonly value: Welcome }
  | { readonly kind: "refusal"; readonly value: Refusal }
  | { readonly kind: "goaway"; readonly value: Goaway }
  /** A frame of a newer peer: none of its fields is in our IDL. The value is the ID of the last. */
  | { readonly kind: "unknown"; readonly value: number };

/** A LinkDown that can be sent. */
export type WritableLinkDown = Exclude<LinkDown, { readonly kind: "unknown" }>;

const LinkDownShape: Shape<LinkDown, WritableLinkDown> = /* @__PURE__ */ union<LinkDown, WritableLinkDown>({
  welcome: WelcomeShape,
  refusal: RefusalShape,
  goaway: GoawayShape,
});

/** The bytes of one LinkDown. @throws ThriftError `range` if a number does not fit its type. */
export const encodeLinkDown = (value: WritableLinkDown): Uint8Array<ArrayBuffer> =>
  encode(value, LinkDownShape[2]);

/** Reads one LinkDown that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeLinkDown = (bytes: Uint8Array): LinkDown => decode(bytes, LinkDownShape[1]);

/**
 * Agrees on the key of an epoch by HPKE (RFC 9180: base mode, X25519, HKDF-SHA256, AES-256-GCM). The app is the sender, one of the
 * mesh's keys (GET /v1/link-keys) the recipient. See docs/protocol.md, section 9.
 */
export interface KeySetup {
  /** The mesh's key. */
  readonly kid: number;
  /** The encapsulated key: 32 bytes. */
  readonly enc: Uint8Array;
  /** From 1; the app counts the epochs of a registration. */
  readonly epoch: number;
}

const KeySetupShape: Shape<KeySetup> = /* @__PURE__ */ struct<KeySetup>(0xe, {
  kid: I32,
  enc: BINARY,
  epoch: I32,
});

/** The bytes of one KeySetup. @throws ThriftError `range` if a number does not fit its type. */
export const encodeKeySetup = (value: KeySetup): Uint8Array<ArrayBuffer> =>
  encode(value, KeySetupShape[2]);

/** Reads one KeySetup that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeKeySetup = (bytes: Uint8Array): KeySetup => decode(bytes, KeySetupShape[1]);

/**
 * Registers an app on this device. The answer is Registered or a Refusal with this request. An app that is registered keeps its
 * registration; a grant then renews it.
 */
export interface Register {
  readonly request: number;
  readonly appId: string;
  /** A grant of the app's server: a compact JWS. Required unless the app is open. */
  readonly grant?: string;
  /** From now on, the mesh seals what it sends to the registration. */
  readonly setup?: KeySetup;
  /** Instead of `grant`: the grant, sealed as the first message of the HPKE context of `setup`, without associated data. */
  readonly sealedGrant?: Uint8Array;
}

const RegisterShape: Shape<Register> = /* @__PURE__ */ struct<Register>(0x6, {
  request: I32,
  appId: STRING,
  grant: STRING,
  setup: KeySetupShape,
  sealedGrant: BINARY,
});

/** The bytes of one Register. @throws ThriftError `range` if a number does not fit its type. */
export const encodeRegister = (value: Register): Uint8Array<ArrayBuffer> =>
  encode(value, RegisterShape[2]);

/** Reads one Register that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeRegister = (bytes: Uint8Array): Register => decode(bytes, RegisterShape[1]);

/** Begins an epoch of a registration. Must come in Sealed if the mesh has a key of the registration. The answer is Done or a Refusal. */
export interface SetKey {
  readonly request: number;
  readonly slot: number;
  readonly setup: KeySetup;
}

const SetKeyShape: Shape<SetKey> = /* @__PURE__ */ struct<SetKey>(0xe, {
  request: I32,
  slot: I32,
  setup: KeySetupShape,
});

/** The bytes of one SetKey. @throws ThriftError `range` if a number does not fit its type. */
export const encodeSetKey = (value: SetKey): Uint8Array<ArrayBuffer> =>
  encode(value, SetKeyShape[2]);

/** Reads one SetKey that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeSetKey = (bytes: Uint8Array): SetKey => decode(bytes, SetKeyShape[1]);

/**
 * A frame that only the registration's app and the mesh can read: AES-256-GCM with the key of the epoch and of the direction. The
 * associated data binds it to direction, registration, epoch, number, and, of a device, to the session. See docs/protocol.md,
 * section 9.
 */
export interface Sealed {
  readonly slot: number;
  readonly epoch: number;
  /** Of the mesh: rises for the life of the device. Of the device: rises within a session, for each slot. */
  readonly number: number;
  /** A random nonce of 12 bytes, the ciphertext of a PushUp or PushDown, the tag of 16 bytes. */
  readonly body: Uint8Array;
  /** The request inside, so that a Refusal can name it. */
  readonly request?: number;
}

const SealedShape: Shape<Sealed> = /* @__PURE__ */ struct<Sealed>(0x1e, {
  slot: I32,
  epoch: I32,
  number: I64,
  body: BINARY,
  request: I32,
});

/** The bytes of one Sealed. @throws ThriftError `range` if a number does not fit its type. */
export const encodeSealed = (value: Sealed): Uint8Array<ArrayBuffer> =>
  encode(value, SealedShape[2]);

/** Reads one Sealed that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeSealed = (bytes: Uint8Array): Sealed => decode(bytes, SealedShape[1]);

/** Renews the grant of a registration, which is then attached if its app listens. The answer is Done or a Refusal. */
export interface Grant {
  readonly request: number;
  readonly slot: number;
  /** As Register.grant. */
  readonly grant: string;
}

const GrantShape: Shape<Grant> = /* @__PURE__ */ struct<Grant>(0xe, {
  request: I32,
  slot: I32,
  grant: STRING,
});

/** The bytes of one Grant. @throws ThriftError `range` if a number does not fit its type. */
export const encodeGrant = (value: Grant): Uint8Array<ArrayBuffer> =>
  encode(value, GrantShape[2]);

/** Reads one Grant that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeGrant = (bytes: Uint8Array): Grant => decode(bytes, GrantShape[1]);

/** Ends a registration: its regId answers `unregistered`, its mail is dropped. */
export interface Unregister {
  readonly request: number;
  readonly slot: number;
}

const UnregisterShape: Shape<Unregister> = /* @__PURE__ */ struct<Unregister>(0x6, {
  request: I32,
  slot: I32,
});

/** The bytes of one Unregister. @throws ThriftError `range` if a number does not fit its type. */
export const encodeUnregister = (value: Unregister): Uint8Array<ArrayBuffer> =>
  encode(value, UnregisterShape[2]);

/** Reads one Unregister that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeUnregister = (bytes: Uint8Array): Unregister => decode(bytes, UnregisterShape[1]);

/** The app of this slot listens from now on: the mesh replays its mailbox, then sends new messages. */
export interface Attach {
  readonly slot: number;
}

const AttachShape: Shape<Attach> = /* @__PURE__ */ struct<Attach>(0x2, {
  slot: I32,
});

/** The bytes of one Attach. @throws ThriftError `range` if a number does not fit its type. */
export const encodeAttach = (value: Attach): Uint8Array<ArrayBuffer> =>
  encode(value, AttachShape[2]);

/** Reads one Attach that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeAttach = (bytes: Uint8Array): Attach => decode(bytes, AttachShape[1]);

/** The app of this slot stops listening; its messages wait. */
export interface Detach {
  readonly slot: number;
}

const DetachShape: Shape<Detach> = /* @__PURE__ */ struct<Detach>(0x2, {
  slot: I32,
});

/** The bytes of one Detach. @throws ThriftError `range` if a number does not fit its type. */
export const encodeDetach = (value: Detach): Uint8Array<ArrayBuffer> =>
  encode(value, DetachShape[2]);

/** Reads one Detach that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeDetach = (bytes: Uint8Array): Detach => decode(bytes, DetachShape[1]);

/**
 * Cumulative acknowledgement: the device is done with every message of this slot
 * and priority that was sent on this socket up to and including `seq`. Those that
 * `discarded` names did not reach the app; the others did.
 */
export interface Ack {
  readonly slot: number;
  readonly priority: Priority;
  /** 0 if the frame only says what was discarded. */
  readonly seq: number;
  /**
   * Messages of the lane on this socket that were dropped because their time was over or they were withdrawn. May be above
   * `seq` if a message before them is not done yet.
   */
  readonly discarded?: readonly number[];
}

const AckShape: Shape<Ack> = /* @__PURE__ */ struct<Ack>(0xe, {
  slot: I32,
  priority: PriorityShape,
  seq: I64,
  discarded: /* @__PURE__ */ list(I64),
});

/** The bytes of one Ack. @throws ThriftError `range` if a number does not fit its type. */
export const encodeAck = (value: Ack): Uint8Array<ArrayBuffer> =>
  encode(value, AckShape[2]);

/** Reads one Ack that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeAck = (bytes: Uint8Array): Ack => decode(bytes, AckShape[1]);

export interface Registered {
  readonly request: number;
  readonly registration: Registration;
}

const RegisteredShape: Shape<Registered> = /* @__PURE__ */ struct<Registered>(0x6, {
  request: I32,
  registration: RegistrationShape,
});

/** The bytes of one Registered. @throws ThriftError `range` if a number does not fit its type. */
export const encodeRegistered = (value: Registered): Uint8Array<ArrayBuffer> =>
  encode(value, RegisteredShape[2]);

/** Reads one Registered that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeRegistered = (bytes: Uint8Array): Registered => decode(bytes, RegisteredShape[1]);

export interface Unregistered {
  readonly request: number;
  readonly slot: number;
}

const UnregisteredShape: Shape<Unregistered> = /* @__PURE__ */ struct<Unregistered>(0x6, {
  request: I32,
  slot: I32,
});

/** The bytes of one Unregistered. @throws ThriftError `range` if a number does not fit its type. */
export const encodeUnregistered = (value: Unregistered): Uint8Array<ArrayBuffer> =>
  encode(value, UnregisteredShape[2]);

/** Reads one Unregistered that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeUnregistered = (bytes: Uint8Array): Unregistered => decode(bytes, UnregisteredShape[1]);

/** A button of a notification. */
export interface NotificationAction {
  /** Names it in the report of a click. */
  readonly action: string;
  readonly title: string;
  readonly icon?: string;
  /** What a click on it opens, instead of Notification.url. */
  readonly url?: string;
}

const NotificationActionShape: Shape<NotificationAction> = /* @__PURE__ */ struct<NotificationAction>(0x6, {
  action: STRING,
  title: STRING,
  icon: STRING,
  url: STRING,
});

/** The bytes of one NotificationAction. @throws ThriftError `range` if a number does not fit its type. */
export const encodeNotificationAction = (value: NotificationAction): Uint8Array<ArrayBuffer> =>
  encode(value, NotificationActionShape[2]);

/** Reads one NotificationAction that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeNotificationAction = (bytes: Uint8Array): NotificationAction => decode(bytes, NotificationActionShape[1]);

/** What to show the user. Without a title it only sets the badge. URLs are https or relative to the app. */
export interface Notification {
  readonly title?: string;
  readonly body?: string;
  readonly icon?: string;
  readonly image?: string;
  /** What a click opens. */
  readonly url?: string;
  /** The number on the app's icon; 0 removes it. */
  readonly badge?: number;
  readonly actions?: readonly NotificationAction[];
}

const NotificationShape: Shape<Notification> = /* @__PURE__ */ struct<Notification>(0x0, {
  title: STRING,
  body: STRING,
  icon: STRING,
  image: STRING,
  url: STRING,
  badge: I32,
  actions: /* @__PURE__ */ list(NotificationActionShape),
});

/** The bytes of one Notification. @throws ThriftError `range` if a number does not fit its type. */
export const encodeNotification = (value: Notification): Uint8Array<ArrayBuffer> =>
  encode(value, NotificationShape[2]);

/** Reads one Notification that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeNotification = (bytes: Uint8Array): Notification => decode(bytes, NotificationShape[1]);

/** One message to one registration. */
export interface Message {
  readonly slot: number;
  /** Hybrid-clock sequence: (ms since 2024-01-01T00:00:00Z) * 4096 + counter. Increases within a lane. */
  readonly seq: number;
  /** 9 bytes; two messages of one registration with the same key are the same message. */
  readonly key: Uint8Array;
  readonly priority: Priority;
  readonly contentType: ContentType;
  readonly data: Uint8Array;
  /** Milliseconds since 1970 after which the message must not be shown; absent for ttl 0. */
  readonly expiresAtMs?: number;
  readonly collapseKey?: string;
  /** True if the mesh may have sent it before on another socket. */
  readonly replay?: boolean;
  /**
   * Milliseconds from the receipt, on a monotonic clock, after which the message must not be passed to the app. Replaces
   * expiresAtMs if present. 0: only a device that has it already acknowledges it.
   */
  readonly remainingMs?: number;
  /** If remainingMs is 0: 32-bit FNV-1a of the data as first sent, because the data may be left out here. */
  readonly dataHash?: number;
  readonly notification?: Notification;
  /** The device reports what happens to it: see DeviceEvents. Absent for false. */
  readonly report?: boolean;
  /** The number in the message ID, if it is not `seq`: that of the acceptance of a message that was held until now. */
  readonly idSeq?: number;
}

const MessageShape: Shape<Message> = /* @__PURE__ */ struct<Message>(0x7e, {
  slot: I32,
  seq: I64,
  key: BINARY,
  priority: PriorityShape,
  contentType: ContentTypeShape,
  data: BINARY,
  expiresAtMs: I64,
  collapseKey: STRING,
  replay: BOOL,
  remainingMs: I64,
  dataHash: I32,
  notification: NotificationShape,
  report: BOOL,
  idSeq: I64,
});

/** The bytes of one Message. @throws ThriftError `range` if a number does not fit its type. */
export const encodeMessage = (value: Message): Uint8Array<ArrayBuffer> =>
  encode(value, MessageShape[2]);

/** Reads one Message that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeMessage = (bytes: Uint8Array): Message => decode(bytes, MessageShape[1]);

/** Messages in the order in which to pass them to the app. */
export interface Deliver {
  readonly messages: readonly Message[];
}

const DeliverShape: Shape<Deliver> = /* @__PURE__ */ struct<Deliver>(0x2, {
  messages: /* @__PURE__ */ list(MessageShape),
});

/** The bytes of one Deliver. @throws ThriftError `range` if a number does not fit its type. */
export const encodeDeliver = (value: Deliver): Uint8Array<ArrayBuffer> =>
  encode(value, DeliverShape[2]);

/** Reads one Deliver that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeDeliver = (bytes: Uint8Array): Deliver => decode(bytes, DeliverShape[1]);

/** Adds tags to a registration and removes others, all or nothing. The answer is Done or a Refusal. */
export interface Subscribe {
  readonly request: number;
  readonly slot: number;
  /** Tags to join; tags that are joined already stay as they are. */
  readonly add: readonly string[];
  /** Tags to leave; it is not an error if they are not joined. */
  readonly remove: readonly string[];
}

const SubscribeShape: Shape<Subscribe> = /* @__PURE__ */ struct<Subscribe>(0x1e, {
  request: I32,
  slot: I32,
  add: /* @__PURE__ */ list(STRING),
  remove: /* @__PURE__ */ list(STRING),
});

/** The bytes of one Subscribe. @throws ThriftError `range` if a number does not fit its type. */
export const encodeSubscribe = (value: Subscribe): Uint8Array<ArrayBuffer> =>
  encode(value, SubscribeShape[2]);

/** Reads one Subscribe that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeSubscribe = (bytes: Uint8Array): Subscribe => decode(bytes, SubscribeShape[1]);

/** Gives the registration an alias, or takes it away. The answer is Done or a Refusal. */
export interface SetAlias {
  readonly request: number;
  readonly slot: number;
  readonly alias: string;
  /** False takes it away; it is not an error if it is not held. */
  readonly held: boolean;
  /** True if several registrations may hold it together; otherwise the last setter has it alone. */
  readonly shared?: boolean;
}

const SetAliasShape: Shape<SetAlias> = /* @__PURE__ */ struct<SetAlias>(0x1e, {
  request: I32,
  slot: I32,
  alias: STRING,
  held: BOOL,
  shared: BOOL,
});

/** The bytes of one SetAlias. @throws ThriftError `range` if a number does not fit its type. */
export const encodeSetAlias = (value: SetAlias): Uint8Array<ArrayBuffer> =>
  encode(value, SetAliasShape[2]);

/** Reads one SetAlias that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeSetAlias = (bytes: Uint8Array): SetAlias => decode(bytes, SetAliasShape[1]);

/** A custom attribute. */
export interface Attribute {
  readonly name: string;
  readonly value: string;
}

const AttributeShape: Shape<Attribute> = /* @__PURE__ */ struct<Attribute>(0x6, {
  name: STRING,
  value: STRING,
});

/** The bytes of one Attribute. @throws ThriftError `range` if a number does not fit its type. */
export const encodeAttribute = (value: Attribute): Uint8Array<ArrayBuffer> =>
  encode(value, AttributeShape[2]);

/** Reads one Attribute that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeAttribute = (bytes: Uint8Array): Attribute => decode(bytes, AttributeShape[1]);

/** Attributes that broadcasts can filter by; replaces all earlier ones. The answer is Done or a Refusal. */
export interface Report {
  readonly request: number;
  readonly slot: number;
  /** For example "android", "ios" or "web"; lower case. */
  readonly platform?: string;
  /** Numbers separated by dots. */
  readonly appVersion?: string;
  /** BCP 47 language tag. */
  readonly locale?: string;
  readonly attributes?: readonly Attribute[];
}

const ReportShape: Shape<Report> = /* @__PURE__ */ struct<Report>(0x6, {
  request: I32,
  slot: I32,
  platform: STRING,
  appVersion: STRING,
  locale: STRING,
  attributes: /* @__PURE__ */ list(AttributeShape),
});

/** The bytes of one Report. @throws ThriftError `range` if a number does not fit its type. */
export const encodeReport = (value: Report): Uint8Array<ArrayBuffer> =>
  encode(value, ReportShape[2]);

/** Reads one Report that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeReport = (bytes: Uint8Array): Report => decode(bytes, ReportShape[1]);

/**
 * A message to the app's server, which gets it by a webhook at most once for each key of a registration. The answer is Done when the mesh has
 * stored it, or a Refusal.
 */
export interface Upstream {
  readonly request: number;
  readonly slot: number;
  /** 1 to 32 bytes. */
  readonly key: Uint8Array;
  readonly contentType: ContentType;
  readonly data: Uint8Array;
}

const UpstreamShape: Shape<Upstream> = /* @__PURE__ */ struct<Upstream>(0x3e, {
  request: I32,
  slot: I32,
  key: BINARY,
  contentType: ContentTypeShape,
  data: BINARY,
});

/** The bytes of one Upstream. @throws ThriftError `range` if a number does not fit its type. */
export const encodeUpstream = (value: Upstream): Uint8Array<ArrayBuffer> =>
  encode(value, UpstreamShape[2]);

/** Reads one Upstream that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeUpstream = (bytes: Uint8Array): Upstream => decode(bytes, UpstreamShape[1]);

/** Asks for the tags and aliases of a registration. The answer is Described or a Refusal. */
export interface Describe {
  readonly request: number;
  readonly slot: number;
}

const DescribeShape: Shape<Describe> = /* @__PURE__ */ struct<Describe>(0x6, {
  request: I32,
  slot: I32,
});

/** The bytes of one Describe. @throws ThriftError `range` if a number does not fit its type. */
export const encodeDescribe = (value: Describe): Uint8Array<ArrayBuffer> =>
  encode(value, DescribeShape[2]);

/** Reads one Describe that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeDescribe = (bytes: Uint8Array): Describe => decode(bytes, DescribeShape[1]);

/**
 * Publishes the key to which app servers encrypt messages for the registration (RFC 8291), and replaces an earlier one. Both
 * fields empty: withdraws it. It ends with the registration. The answer is Done or a Refusal.
 */
export interface PublishKey {
  readonly request: number;
  readonly slot: number;
  /** P-256, uncompressed: 65 bytes. */
  readonly publicKey: Uint8Array;
  /** The authentication secret: 16 bytes. */
  readonly auth: Uint8Array;
}

const PublishKeyShape: Shape<PublishKey> = /* @__PURE__ */ struct<PublishKey>(0x1e, {
  request: I32,
  slot: I32,
  publicKey: BINARY,
  auth: BINARY,
});

/** The bytes of one PublishKey. @throws ThriftError `range` if a number does not fit its type. */
export const encodePublishKey = (value: PublishKey): Uint8Array<ArrayBuffer> =>
  encode(value, PublishKeyShape[2]);

/** Reads one PublishKey that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodePublishKey = (bytes: Uint8Array): PublishKey => decode(bytes, PublishKeyShape[1]);

/** A time of the week in which messages are sent to the registration, in the time zone of the device. */
export interface AcceptTime {
  /** The days on which it begins: bit 0 is Monday, bit 6 Sunday. */
  readonly days: number;
  /** Minutes of the day: from 0 to 1439, and to 1440. An end that is not above the beginning is on the next day. */
  readonly startMinute: number;
  readonly endMinute: number;
}

const AcceptTimeShape: Shape<AcceptTime> = /* @__PURE__ */ struct<AcceptTime>(0xe, {
  days: I32,
  startMinute: I32,
  endMinute: I32,
});

/** The bytes of one AcceptTime. @throws ThriftError `range` if a number does not fit its type. */
export const encodeAcceptTime = (value: AcceptTime): Uint8Array<ArrayBuffer> =>
  encode(value, AcceptTimeShape[2]);

/** Reads one AcceptTime that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeAcceptTime = (bytes: Uint8Array): AcceptTime => decode(bytes, AcceptTimeShape[1]);

/**
 * Sets how the mesh sends to the registration, and replaces all earlier settings. The answer is Done or a Refusal. Its hash in
 * Registration.delivery is the FNV-1a of compact JSON: [paused, [[days, startMinute, endMinute], …], timeZone or null, presence], with
 * a fifth element, true, if `silenced`.
 */
export interface SetDelivery {
  readonly request: number;
  readonly slot: number;
  /** Nothing is sent; messages wait, and their time runs on. */
  readonly paused?: boolean;
  /** Messages outside these times wait, except those sent with `ignoreQuietHours`. Absent or empty: at any time. At most 16. */
  readonly accept?: readonly AcceptTime[];
  /** IANA name of the device's time zone; also for messages that are scheduled in local time. */
  readonly timeZone?: string;
  /** The app's server may see when the device was last connected. */
  readonly presence?: boolean;
  /** The user lets the app show no notifications. Messages come as before; the app's server is told. */
  readonly silenced?: boolean;
}

const SetDeliveryShape: Shape<SetDelivery> = /* @__PURE__ */ struct<SetDelivery>(0x6, {
  request: I32,
  slot: I32,
  paused: BOOL,
  accept: /* @__PURE__ */ list(AcceptTimeShape),
  timeZone: STRING,
  presence: BOOL,
  silenced: BOOL,
});

/** The bytes of one SetDelivery. @throws ThriftError `range` if a number does not fit its type. */
export const encodeSetDelivery = (value: SetDelivery): Uint8Array<ArrayBuffer> =>
  encode(value, SetDeliveryShape[2]);

/** Reads one SetDelivery that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeSetDelivery = (bytes: Uint8Array): SetDelivery => decode(bytes, SetDeliveryShape[1]);

/** The command of this request was carried out, durably. */
export interface Done {
  readonly request: number;
}

const DoneShape: Shape<Done> = /* @__PURE__ */ struct<Done>(0x2, {
  request: I32,
});

/** The bytes of one Done. @throws ThriftError `range` if a number does not fit its type. */
export const encodeDone = (value: Done): Uint8Array<ArrayBuffer> =>
  encode(value, DoneShape[2]);

/** Reads one Done that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeDone = (bytes: Uint8Array): Done => decode(bytes, DoneShape[1]);

export interface Described {
  readonly request: number;
  readonly tags: readonly string[];
  readonly aliases: readonly string[];
  /** True if another Described of this request follows: the tags and aliases may not fit in one frame. */
  readonly more?: boolean;
}

const DescribedShape: Shape<Described> = /* @__PURE__ */ struct<Described>(0xe, {
  request: I32,
  tags: /* @__PURE__ */ list(STRING),
  aliases: /* @__PURE__ */ list(STRING),
  more: BOOL,
});

/** The bytes of one Described. @throws ThriftError `range` if a number does not fit its type. */
export const encodeDescribed = (value: Described): Uint8Array<ArrayBuffer> =>
  encode(value, DescribedShape[2]);

/** Reads one Described that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeDescribed = (bytes: Uint8Array): Described => decode(bytes, DescribedShape[1]);

/** One broadcast of a tag, to one registration in it. */
export interface Broadcast {
  readonly slot: number;
  /** Identifies the tag in cursors as long as the registration is in it; never reused for another tag. */
  readonly tagRef: number;
  /** The tag; empty for the built-in tag of all devices. */
  readonly tag: string;
  /** Position in the tag's log; increases within a tag. */
  readonly position: number;
  /** Like Message.seq, but of the tag: it says when the broadcast was accepted, and orders nothing else. */
  readonly seq: number;
  /** Like Message.key. */
  readonly key: Uint8Array;
  /** The part of the message ID after its dot. */
  readonly source: string;
  readonly priority: Priority;
  readonly contentType: ContentType;
  readonly data: Uint8Array;
  /** Like Message.expiresAtMs. */
  readonly expiresAtMs?: number;
  readonly collapseKey?: string;
  /** Like Message.remainingMs. */
  readonly remainingMs?: number;
  readonly notification?: Notification;
  /** As Message.report. */
  readonly report?: boolean;
}

const BroadcastShape: Shape<Broadcast> = /* @__PURE__ */ struct<Broadcast>(0x7fe, {
  slot: I32,
  tagRef: I32,
  tag: STRING,
  position: I64,
  seq: I64,
  key: BINARY,
  source: STRING,
  priority: PriorityShape,
  contentType: ContentTypeShape,
  data: BINARY,
  expiresAtMs: I64,
  collapseKey: STRING,
  remainingMs: I64,
  notification: NotificationShape,
  report: BOOL,
});

/** The bytes of one Broadcast. @throws ThriftError `range` if a number does not fit its type. */
export const encodeBroadcast = (value: Broadcast): Uint8Array<ArrayBuffer> =>
  encode(value, BroadcastShape[2]);

/** Reads one Broadcast that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeBroadcast = (bytes: Uint8Array): Broadcast => decode(bytes, BroadcastShape[1]);

/** Broadcasts in the order in which to pass them to the app. They are acknowledged by cursors, not by acks. */
export interface Broadcasts {
  readonly broadcasts: readonly Broadcast[];
}

const BroadcastsShape: Shape<Broadcasts> = /* @__PURE__ */ struct<Broadcasts>(0x2, {
  broadcasts: /* @__PURE__ */ list(BroadcastShape),
});

/** The bytes of one Broadcasts. @throws ThriftError `range` if a number does not fit its type. */
export const encodeBroadcasts = (value: Broadcasts): Uint8Array<ArrayBuffer> =>
  encode(value, BroadcastsShape[2]);

/** Reads one Broadcasts that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeBroadcasts = (bytes: Uint8Array): Broadcasts => decode(bytes, BroadcastsShape[1]);

/**
 * Another device of a shared alias took the message, its time is over, or its sender recalls it: do not pass it to the app if it was
 * not passed yet. A device that drops it says so at once with Ack.discarded.
 */
export interface Withdraw {
  readonly slot: number;
  /** Message.key. */
  readonly key: Uint8Array;
  /**
   * Its sender recalls it: an app that has it takes it off the display. Unless the device says that it dropped it, it answers with
   * a DeviceEvent, `RECALLED` or `UNKNOWN`. Absent for false.
   */
  readonly recall?: boolean;
  /** With `recall`: Message.seq or Broadcast.seq. */
  readonly seq?: number;
  /** With `recall`, of a broadcast: Broadcast.source. */
  readonly source?: string;
}

const WithdrawShape: Shape<Withdraw> = /* @__PURE__ */ struct<Withdraw>(0x6, {
  slot: I32,
  key: BINARY,
  recall: BOOL,
  seq: I64,
  source: STRING,
});

/** The bytes of one Withdraw. @throws ThriftError `range` if a number does not fit its type. */
export const encodeWithdraw = (value: Withdraw): Uint8Array<ArrayBuffer> =>
  encode(value, WithdrawShape[2]);

/** Reads one Withdraw that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeWithdraw = (bytes: Uint8Array): Withdraw => decode(bytes, WithdrawShape[1]);

/** What happened on the device to a message. */
export const DeviceEventKind = {
  /** The user can see it. */
  SHOWN: 1,
  CLICKED: 2,
  /** The user has put it away. */
  DISMISSED: 3,
  /** The app had it, and was told that its sender recalls it. */
  RECALLED: 4,
  /** Its sender recalls it, and the device does not know it, or not any more. */
  UNKNOWN: 5,
} as const;
export type DeviceEventKind = 1 | 2 | 3 | 4 | 5;

const DeviceEventKindShape: Shape<DeviceEventKind> = /* @__PURE__ */ enumeration(DeviceEventKind);

export interface DeviceEvent {
  readonly kind: DeviceEventKind;
  /** Message.key, or Broadcast.key. */
  readonly key: Uint8Array;
  readonly seq: number;
  /** Of a broadcast: Broadcast.source. */
  readonly source?: string;
  /** Milliseconds since it happened, as the device measures them. Absent for 0. */
  readonly agoMs?: number;
  /** Of CLICKED: the action of the notification. At most 64 bytes. */
  readonly action?: string;
  /** Of RECALLED: milliseconds since the app got the message, if the device knows. */
  readonly takenAgoMs?: number;
}

const DeviceEventShape: Shape<DeviceEvent> = /* @__PURE__ */ struct<DeviceEvent>(0xe, {
  kind: DeviceEventKindShape,
  key: BINARY,
  seq: I64,
  source: STRING,
  agoMs: I64,
  action: STRING,
  takenAgoMs: I64,
});

/** The bytes of one DeviceEvent. @throws ThriftError `range` if a number does not fit its type. */
export const encodeDeviceEvent = (value: DeviceEvent): Uint8Array<ArrayBuffer> =>
  encode(value, DeviceEventShape[2]);

/** Reads one DeviceEvent that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeDeviceEvent = (bytes: Uint8Array): DeviceEvent => decode(bytes, DeviceEventShape[1]);

/** Events of messages with `report`, and answers to recalls. The answer is Done or a Refusal; until then the device keeps them. */
export interface DeviceEvents {
  readonly request: number;
  readonly slot: number;
  /** The mesh ignores those after the first 64. */
  readonly events: readonly DeviceEvent[];
}

const DeviceEventsShape: Shape<DeviceEvents> = /* @__PURE__ */ struct<DeviceEvents>(0xe, {
  request: I32,
  slot: I32,
  events: /* @__PURE__ */ list(DeviceEventShape),
});

/** The bytes of one DeviceEvents. @throws ThriftError `range` if a number does not fit its type. */
export const encodeDeviceEvents = (value: DeviceEvents): Uint8Array<ArrayBuffer> =>
  encode(value, DeviceEventsShape[2]);

/** Reads one DeviceEvents that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeDeviceEvents = (bytes: Uint8Array): DeviceEvents => decode(bytes, DeviceEventsShape[1]);

/** Another registration took an alias that this one held; this one no longer holds it. */
export interface AliasLost {
  readonly slot: number;
  readonly alias: string;
}

const AliasLostShape: Shape<AliasLost> = /* @__PURE__ */ struct<AliasLost>(0x6, {
  slot: I32,
  alias: STRING,
});

/** The bytes of one AliasLost. @throws ThriftError `range` if a number does not fit its type. */
export const encodeAliasLost = (value: AliasLost): Uint8Array<ArrayBuffer> =>
  encode(value, AliasLostShape[2]);

/** Reads one AliasLost that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeAliasLost = (bytes: Uint8Array): AliasLost => decode(bytes, AliasLostShape[1]);

export type PushUp =
  | { readonly kind: "register"; readonly value: Register }
  | { readonly kind: "unregister"; readonly value: Unregister }
  | { readonly kind: "attach"; readonly value: Attach }
  | { readonly kind: "detach"; readonly value: Detach }
  /** Several lanes acknowledged in one frame. */
  | { readonly kind: "acks"; readonly value: readonly Ack[] }
  | { readonly kind: "subscribe"; readonly value: Subscribe }
  | { readonly kind: "setAlias"; readonly value: SetAlias }
  | { readonly kind: "report"; readonly value: Report }
  | { readonly kind: "describe"; readonly value: Describe }
  /** Cumulative: every broadcast of the tag that was sent on this socket up to `position` has reached the app. */
  | { readonly kind: "cursors"; readonly value: readonly Cursor[] }
  | { readonly kind: "grant"; readonly value: Grant }
  | { readonly kind: "publishKey"; readonly value: PublishKey }
  | { readonly kind: "setKey"; readonly value: SetKey }
  /** Of a registration with an epoch: every command but Register, Attach and Detach. */
  | { readonly kind: "sealed"; readonly value: Sealed }
  | { readonly kind: "delivery"; readonly value: SetDelivery }
  | { readonly kind: "events"; readonly value: DeviceEvents }
  | { readonly kind: "upstream"; readonly value: Upstream }
  /** A frame of a newer peer: none of its fields is in our IDL. The value is the ID of the last. */
  | { readonly kind: "unknown"; readonly value: number };

/** A PushUp that can be sent. */
export type WritablePushUp = Exclude<PushUp, { readonly kind: "unknown" }>;

const PushUpShape: Shape<PushUp, WritablePushUp> = /* @__PURE__ */ union<PushUp, WritablePushUp>({
  register: RegisterShape,
  unregister: UnregisterShape,
  attach: AttachShape,
  detach: DetachShape,
  acks: /* @__PURE__ */ list(AckShape),
  subscribe: SubscribeShape,
  setAlias: SetAliasShape,
  report: ReportShape,
  describe: DescribeShape,
  cursors: /* @__PURE__ */ list(CursorShape),
  grant: GrantShape,
  publishKey: PublishKeyShape,
  setKey: SetKeyShape,
  sealed: SealedShape,
  delivery: SetDeliveryShape,
  events: DeviceEventsShape,
  upstream: UpstreamShape,
});

/** The bytes of one PushUp. @throws ThriftError `range` if a number does not fit its type. */
export const encodePushUp = (value: WritablePushUp): Uint8Array<ArrayBuffer> =>
  encode(value, PushUpShape[2]);

/** Reads one PushUp that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodePushUp = (bytes: Uint8Array): PushUp => decode(bytes, PushUpShape[1]);

export type PushDown =
  | { readonly kind: "registered"; readonly value: Registered }
  | { readonly kind: "unregistered"; readonly value: Unregistered }
  | { readonly kind: "deliver"; readonly value: Deliver }
  | { readonly kind: "refusal"; readonly value: Refusal }
  | { readonly kind: "done"; readonly value: Done }
  | { readonly kind: "described"; readonly value: Described }
  | { readonly kind: "broadcasts"; readonly value: Broadcasts }
  | { readonly kind: "withdraw"; readonly value: Withdraw }
  | { readonly kind: "aliasLost"; readonly value: AliasLost }
  | { readonly kind: "removed"; readonly value: Removed }
  /** To a registration with an epoch: Deliver, Described, Broadcasts, Withdraw and AliasLost. */
  | { readonly kind: "sealed"; readonly value: Sealed }
  /** A frame of a newer peer: none of its fields is in our IDL. The value is the ID of the last. */
  | { readonly kind: "unknown"; readonly value: number };

/** A PushDown that can be sent. */
export type WritablePushDown = Exclude<PushDown, { readonly kind: "unknown" }>;

const PushDownShape: Shape<PushDown, WritablePushDown> = /* @__PURE__ */ union<PushDown, WritablePushDown>({
  registered: RegisteredShape,
  unregistered: UnregisteredShape,
  deliver: DeliverShape,
  refusal: RefusalShape,
  done: DoneShape,
  described: DescribedShape,
  broadcasts: BroadcastsShape,
  withdraw: WithdrawShape,
  aliasLost: AliasLostShape,
  removed: RemovedShape,
  sealed: SealedShape,
});

/** The bytes of one PushDown. @throws ThriftError `range` if a number does not fit its type. */
export const encodePushDown = (value: WritablePushDown, by = encode): Uint8Array<ArrayBuffer> =>
  by(value, PushDownShape[2]);

/** Reads one PushDown that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodePushDown = (bytes: Uint8Array): PushDown => decode(bytes, PushDownShape[1]);

/** Echoed unchanged: measures a link, and proves that a channel is only a number. */
export interface Echo {
  readonly nonce: number;
  readonly data?: Uint8Array;
}

const EchoShape: Shape<Echo> = /* @__PURE__ */ struct<Echo>(0x2, {
  nonce: I64,
  data: BINARY,
});

/** The bytes of one Echo. @throws ThriftError `range` if a number does not fit its type. */
export const encodeEcho = (value: Echo): Uint8Array<ArrayBuffer> =>
  encode(value, EchoShape[2]);

/** Reads one Echo that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeEcho = (bytes: Uint8Array): Echo => decode(bytes, EchoShape[1]);

/** What the mesh says of a message that it took: the statuses of docs/api.md. All are final but QUEUED and SENT. */
export const SendStatus = {
  DELIVERED: 1,
  QUEUED: 2,
  SENT: 3,
  EXPIRED: 4,
  RECALLED: 5,
  COLLAPSED: 6,
  OVERFLOWED: 7,
  UNREGISTERED: 8,
  FILTERED: 9,
} as const;
export type SendStatus = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;

const SendStatusShape: Shape<SendStatus> = /* @__PURE__ */ enumeration(SendStatus);

/** First frame of an app server on a sender link, once per socket, within the hello timeout. */
export interface SenderHello {
  /** PROTOCOL_REVISION. */
  readonly revision: number;
  /** Free text for logs: SDK name and version. At most 64 bytes. */
  readonly agent?: string;
}

const SenderHelloShape: Shape<SenderHello> = /* @__PURE__ */ struct<SenderHello>(0x2, {
  revision: I32,
  agent: STRING,
});

/** The bytes of one SenderHello. @throws ThriftError `range` if a number does not fit its type. */
export const encodeSenderHello = (value: SenderHello): Uint8Array<ArrayBuffer> =>
  encode(value, SenderHelloShape[2]);

/** Reads one SenderHello that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeSenderHello = (bytes: Uint8Array): SenderHello => decode(bytes, SenderHelloShape[1]);

/** What a sender may have under way: sends without a result, and the bytes of their content. More close the link. */
export interface SendCredit {
  readonly sends: number;
  readonly bytes: number;
}

const SendCreditShape: Shape<SendCredit> = /* @__PURE__ */ struct<SendCredit>(0x6, {
  sends: I32,
  bytes: I32,
});

/** The bytes of one SendCredit. @throws ThriftError `range` if a number does not fit its type. */
export const encodeSendCredit = (value: SendCredit): Uint8Array<ArrayBuffer> =>
  encode(value, SendCreditShape[2]);

/** Reads one SendCredit that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeSendCredit = (bytes: Uint8Array): SendCredit => decode(bytes, SendCreditShape[1]);

/** Answer to SenderHello. All times are milliseconds. */
export interface SenderWelcome {
  /** Clock of the mesh, milliseconds since 1970. */
  readonly serverTimeMs: number;
  /** How long the sender may be silent before it sends `ping`. */
  readonly heartbeatMs: number;
  /** Largest WebSocket message either side may send, in bytes. */
  readonly maxFrameBytes: number;
  readonly credit: SendCredit;
  /** Full-jitter reconnect window: its first value, and the maximum to which it doubles. */
  readonly reconnectBaseMs: number;
  readonly reconnectMaxMs: number;
}

const SenderWelcomeShape: Shape<SenderWelcome> = /* @__PURE__ */ struct<SenderWelcome>(0x7e, {
  serverTimeMs: I64,
  heartbeatMs: I32,
  maxFrameBytes: I32,
  credit: SendCreditShape,
  reconnectBaseMs: I32,
  reconnectMaxMs: I32,
});

/** The bytes of one SenderWelcome. @throws ThriftError `range` if a number does not fit its type. */
export const encodeSenderWelcome = (value: SenderWelcome): Uint8Array<ArrayBuffer> =>
  encode(value, SenderWelcomeShape[2]);

/** Reads one SenderWelcome that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeSenderWelcome = (bytes: Uint8Array): SenderWelcome => decode(bytes, SenderWelcomeShape[1]);

/** What is sent, whatever its target. Its bytes are what a repeated send must repeat. */
export interface SendContent {
  readonly contentType: ContentType;
  readonly data: Uint8Array;
  /** How long the message may wait for the device, seconds; 0 means now or never. Default: the longest. */
  readonly ttl?: number;
  /** Default: NORMAL. */
  readonly priority?: Priority;
  /** A newer message with the same key replaces an older one that is still queued. */
  readonly collapseKey?: string;
  /** True: a full mailbox refuses the message. Default: it drops its oldest. */
  readonly rejectOnOverflow?: boolean;
  /** `data` is encrypted to the key of the registration: a body of RFC 8291 (aes128gcm). `contentType` is then BINARY. */
  readonly encrypted?: boolean;
  /** A JSON object of further members of the body of POST /v1/messages (docs/api.md), for what has no field here. */
  readonly options?: string;
}

const SendContentShape: Shape<SendContent> = /* @__PURE__ */ struct<SendContent>(0x6, {
  contentType: ContentTypeShape,
  data: BINARY,
  ttl: I32,
  priority: PriorityShape,
  collapseKey: STRING,
  rejectOnOverflow: BOOL,
  encrypted: BOOL,
  options: STRING,
});

/** The bytes of one SendContent. @throws ThriftError `range` if a number does not fit its type. */
export const encodeSendContent = (value: SendContent): Uint8Array<ArrayBuffer> =>
  encode(value, SendContentShape[2]);

/** Reads one SendContent that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeSendContent = (bytes: Uint8Array): SendContent => decode(bytes, SendContentShape[1]);

/** One send: on a sender link, and as the body of POST /v1/messages with content type application/vnd.apache.thrift.compact. */
export interface Send {
  /** Any number that no send under way has; its SendResult has it. Not read from the body of a request. */
  readonly request: number;
  /** A regId, or the JSON text of another target of POST /v1/messages, such as `{"alias":"alice"}`. */
  readonly to: string;
  /** A SendContent in compact protocol. */
  readonly content: Uint8Array;
  /** 1 to 128 visible ASCII characters, as the header Idempotency-Key, which a request has instead. */
  readonly idempotencyKey?: Uint8Array;
  /** How long to wait for the device's acknowledgement; 0 answers once the message is durable. Default 5,000, at most 20,000. */
  readonly waitMs?: number;
}

const SendShape: Shape<Send> = /* @__PURE__ */ struct<Send>(0xe, {
  request: I32,
  to: STRING,
  content: BINARY,
  idempotencyKey: BINARY,
  waitMs: I32,
});

/** The bytes of one Send. @throws ThriftError `range` if a number does not fit its type. */
export const encodeSend = (value: Send): Uint8Array<ArrayBuffer> =>
  encode(value, SendShape[2]);

/** Reads one Send that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeSend = (bytes: Uint8Array): Send => decode(bytes, SendShape[1]);

/** The end of a send: exactly one of `status`, `answer` and `problem`. */
export interface SendResult {
  readonly request: number;
  /** Of a message to one registration. */
  readonly status?: SendStatus;
  /** With `status`: 16 bytes. In base32hex (RFC 4648, in lower case, without padding), followed by a dot and the regId, they are the message ID. */
  readonly id?: Uint8Array;
  /** Milliseconds from the arrival of the send to this result. */
  readonly tookMs?: number;
  /** Of a send to another target, and of a message that is held until its `sendAt`: the JSON body of the answer that POST /v1/messages gives. */
  readonly answer?: Uint8Array;
  /** Refused: the problem document (RFC 9457) that POST /v1/messages answers with. */
  readonly problem?: Uint8Array;
  /** With `problem`: wait this long before the same send again. */
  readonly retryAfterMs?: number;
}

const SendResultShape: Shape<SendResult> = /* @__PURE__ */ struct<SendResult>(0x2, {
  request: I32,
  status: SendStatusShape,
  id: BINARY,
  tookMs: I32,
  answer: BINARY,
  problem: BINARY,
  retryAfterMs: I32,
});

/** The bytes of one SendResult. @throws ThriftError `range` if a number does not fit its type. */
export const encodeSendResult = (value: SendResult): Uint8Array<ArrayBuffer> =>
  encode(value, SendResultShape[2]);

/** Reads one SendResult that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeSendResult = (bytes: Uint8Array): SendResult => decode(bytes, SendResultShape[1]);

export type SendUp =
  | { readonly kind: "hello"; readonly value: SenderHello }
  /** In the order in which to send them. */
  | { readonly kind: "sends"; readonly value: readonly Send[] }
  /** A frame of a newer peer: none of its fields is in our IDL. The value is the ID of the last. */
  | { readonly kind: "unknown"; readonly value: number };

/** A SendUp that can be sent. */
export type WritableSendUp = Exclude<SendUp, { readonly kind: "unknown" }>;

const SendUpShape: Shape<SendUp, WritableSendUp> = /* @__PURE__ */ union<SendUp, WritableSendUp>({
  hello: SenderHelloShape,
  sends: /* @__PURE__ */ list(SendShape),
});

/** The bytes of one SendUp. @throws ThriftError `range` if a number does not fit its type. */
export const encodeSendUp = (value: WritableSendUp): Uint8Array<ArrayBuffer> =>
  encode(value, SendUpShape[2]);

/** Reads one SendUp that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeSendUp = (bytes: Uint8Array): SendUp => decode(bytes, SendUpShape[1]);

export type SendDown =
  | { readonly kind: "welcome"; readonly value: SenderWelcome }
  /** In any order. */
  | { readonly kind: "results"; readonly value: readonly SendResult[] }
  /** From now on; never less than before. */
  | { readonly kind: "credit"; readonly value: SendCredit }
  /** The mesh closes the link once all results are out, or after a few seconds: send no more on it, and open another within the window. */
  | { readonly kind: "goaway"; readonly value: Goaway }
  /** A frame of a newer peer: none of its fields is in our IDL. The value is the ID of the last. */
  | { readonly kind: "unknown"; readonly value: number };

/** A SendDown that can be sent. */
export type WritableSendDown = Exclude<SendDown, { readonly kind: "unknown" }>;

const SendDownShape: Shape<SendDown, WritableSendDown> = /* @__PURE__ */ union<SendDown, WritableSendDown>({
  welcome: SenderWelcomeShape,
  results: /* @__PURE__ */ list(SendResultShape),
  credit: SendCreditShape,
  goaway: GoawayShape,
});

/** The bytes of one SendDown. @throws ThriftError `range` if a number does not fit its type. */
export const encodeSendDown = (value: WritableSendDown): Uint8Array<ArrayBuffer> =>
  encode(value, SendDownShape[2]);

/** Reads one SendDown that fills `bytes`; binary fields are views into them. @throws ThriftError */
export const decodeSendDown = (bytes: Uint8Array): SendDown => decode(bytes, SendDownShape[1]);
