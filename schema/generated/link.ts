// Made by scripts/generate-schema.ts from schema/link.thrift. Do not edit: run that again.
// `case 0x25` is field 2 of wire type 5; the last argument of skipField has a bit per known field.

import { ThriftError } from "../codec/error.ts";
import { type Reader, decode, nextField, readBinary, readI16, readI32, readI64, readList, readString, skipField } from "../codec/reader.ts";
import { type Writer, encode, writeBinary, writeByte, writeField, writeI16, writeI32, writeI64, writeList, writeString } from "../codec/writer.ts";

/** Envelope.channel of the link itself: hello, welcome, errors. */
export const CHANNEL_LINK = 0;

/** Envelope.channel of push: registrations, messages, acknowledgements. */
export const CHANNEL_PUSH = 1;

/** Envelope.channel of the diagnostic echo. */
export const CHANNEL_ECHO = 2;

/** The link protocol revision that this IDL describes; sent in Hello. */
export const PROTOCOL_REVISION = 1;

/** One WebSocket message: a channel and that channel's frame, itself a compact struct. */
export interface Envelope {
  readonly channel: number;
  readonly body: Uint8Array;
}

function writeEnvelope(writer: Writer, value: Envelope): void {
  writeByte(writer, 0x14); writeI16(writer, value.channel);
  writeByte(writer, 0x18); writeBinary(writer, value.body);
  writeByte(writer, 0);
}

function readEnvelope(reader: Reader): Envelope {
  let channel_: number | undefined;
  let body_: Uint8Array | undefined;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x14:
        channel_ = readI16(reader);
        break;
      case 0x28:
        body_ = readBinary(reader);
        break;
      default:
        skipField(reader, header, 0x6);
    }
  }
  if (channel_ === undefined || body_ === undefined) throw new ThriftError("missing", "Envelope");
  return { channel: channel_, body: body_ };
}

/** The bytes of one Envelope. @throws ThriftError `range` where a number does not fit its type. */
export function encodeEnvelope(value: Envelope): Uint8Array<ArrayBuffer> {
  return encode(value, writeEnvelope);
}

/** Reads one Envelope that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  return decode(bytes, readEnvelope);
}

/** Delivery order is kept within a lane; a higher lane may overtake a lower one. */
export const Priority = {
  HIGH: 1,
  NORMAL: 2,
  LOW: 3,
} as const;
export type Priority = 1 | 2 | 3;

const writePriority: (writer: Writer, value: Priority) => void = writeI32;

function readPriority(reader: Reader): Priority {
  const value = readI32(reader);
  switch (value) {
    case 1:
    case 2:
    case 3:
      return value;
    default:
      throw new ThriftError("range", "Priority");
  }
}

/** How the sender gave the data, and so how the app wants it back. */
export const ContentType = {
  /** UTF-8 JSON text of an object. */
  JSON: 1,
  /** UTF-8 text. */
  TEXT: 2,
  /** Bytes. */
  BINARY: 3,
} as const;
export type ContentType = 1 | 2 | 3;

const writeContentType: (writer: Writer, value: ContentType) => void = writeI32;

function readContentType(reader: Reader): ContentType {
  const value = readI32(reader);
  switch (value) {
    case 1:
    case 2:
    case 3:
      return value;
    default:
      throw new ThriftError("range", "ContentType");
  }
}

/** How far a registration has come in the broadcasts of one tag. */
export interface Cursor {
  readonly slot: number;
  /** Broadcast.tagRef. */
  readonly tagRef: number;
  /** Broadcast.position of the last one that the app has taken. */
  readonly position: number;
  /** Positions of the tag that came on this socket and were dropped because their time was over; the app was given none. */
  readonly discarded?: readonly number[];
}

function writeCursor(writer: Writer, value: Cursor): void {
  writeByte(writer, 0x15); writeI32(writer, value.slot);
  writeByte(writer, 0x15); writeI32(writer, value.tagRef);
  writeByte(writer, 0x16); writeI64(writer, value.position);
  if (value.discarded !== undefined) { writeByte(writer, 0x19); writeList(writer, 6, value.discarded, writeI64); }
  writeByte(writer, 0);
}

function readCursor(reader: Reader): Cursor {
  let slot_: number | undefined;
  let tagRef_: number | undefined;
  let position_: number | undefined;
  let discarded_: readonly number[] | undefined;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x15:
        slot_ = readI32(reader);
        break;
      case 0x25:
        tagRef_ = readI32(reader);
        break;
      case 0x36:
        position_ = readI64(reader);
        break;
      case 0x49:
        discarded_ = readList(reader, 6, readI64);
        break;
      default:
        skipField(reader, header, 0x1e);
    }
  }
  if (slot_ === undefined || tagRef_ === undefined || position_ === undefined) throw new ThriftError("missing", "Cursor");
  const value: { -readonly [K in keyof Cursor]: Cursor[K] } = { slot: slot_, tagRef: tagRef_, position: position_ };
  if (discarded_ !== undefined) value.discarded = discarded_;
  return value;
}

/** The bytes of one Cursor. @throws ThriftError `range` where a number does not fit its type. */
export function encodeCursor(value: Cursor): Uint8Array<ArrayBuffer> {
  return encode(value, writeCursor);
}

/** Reads one Cursor that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeCursor(bytes: Uint8Array): Cursor {
  return decode(bytes, readCursor);
}

/** First frame of a device, once per socket, within the hello timeout. */
export interface Hello {
  readonly revision: number;
  /** The highest Message.seq this device ever received, for the slots of `attach` at least; the mesh numbers on from above it. */
  readonly lastSeq?: number;
  /** Slots whose app is listening now; only these receive messages. */
  readonly attach?: readonly number[];
  /** Free text for logs: SDK name and version. At most 64 bytes. */
  readonly agent?: string;
  /** The session of the last Welcome, if the device resumes. */
  readonly session?: Uint8Array;
  /** How far the device has come in its tags. Those it does not name go on from what the mesh remembers. */
  readonly cursors?: readonly Cursor[];
}

function writeHello(writer: Writer, value: Hello): void {
  writeByte(writer, 0x15); writeI32(writer, value.revision);
  let last = 1;
  if (value.lastSeq !== undefined) { writeByte(writer, 0x16); last = 2; writeI64(writer, value.lastSeq); }
  if (value.attach !== undefined) { last = writeField(writer, last, 3, 9); writeList(writer, 5, value.attach, writeI32); }
  if (value.agent !== undefined) { last = writeField(writer, last, 4, 8); writeString(writer, value.agent); }
  if (value.session !== undefined) { last = writeField(writer, last, 5, 8); writeBinary(writer, value.session); }
  if (value.cursors !== undefined) { writeField(writer, last, 6, 9); writeList(writer, 12, value.cursors, writeCursor); }
  writeByte(writer, 0);
}

function readHello(reader: Reader): Hello {
  let revision_: number | undefined;
  let lastSeq_: number | undefined;
  let attach_: readonly number[] | undefined;
  let agent_: string | undefined;
  let session_: Uint8Array | undefined;
  let cursors_: readonly Cursor[] | undefined;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x15:
        revision_ = readI32(reader);
        break;
      case 0x26:
        lastSeq_ = readI64(reader);
        break;
      case 0x39:
        attach_ = readList(reader, 5, readI32);
        break;
      case 0x48:
        agent_ = readString(reader);
        break;
      case 0x58:
        session_ = readBinary(reader);
        break;
      case 0x69:
        cursors_ = readList(reader, 12, readCursor);
        break;
      default:
        skipField(reader, header, 0x7e);
    }
  }
  if (revision_ === undefined) throw new ThriftError("missing", "Hello");
  const value: { -readonly [K in keyof Hello]: Hello[K] } = { revision: revision_ };
  if (lastSeq_ !== undefined) value.lastSeq = lastSeq_;
  if (attach_ !== undefined) value.attach = attach_;
  if (agent_ !== undefined) value.agent = agent_;
  if (session_ !== undefined) value.session = session_;
  if (cursors_ !== undefined) value.cursors = cursors_;
  return value;
}

/** The bytes of one Hello. @throws ThriftError `range` where a number does not fit its type. */
export function encodeHello(value: Hello): Uint8Array<ArrayBuffer> {
  return encode(value, writeHello);
}

/** Reads one Hello that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeHello(bytes: Uint8Array): Hello {
  return decode(bytes, readHello);
}

/** A registration the mesh holds for this device. */
export interface Registration {
  readonly slot: number;
  readonly appId: string;
  readonly regId: string;
  /**
   * The same for as long as the registration lives, of no other one of this device, and opaque: a change of the mesh's keys
   * gives a registration another regId, and this says that it is the same. A mesh of an older version does not tell it.
   */
  readonly identity?: string;
}

function writeRegistration(writer: Writer, value: Registration): void {
  writeByte(writer, 0x15); writeI32(writer, value.slot);
  writeByte(writer, 0x18); writeString(writer, value.appId);
  writeByte(writer, 0x18); writeString(writer, value.regId);
  if (value.identity !== undefined) { writeByte(writer, 0x18); writeString(writer, value.identity); }
  writeByte(writer, 0);
}

function readRegistration(reader: Reader): Registration {
  let slot_: number | undefined;
  let appId_: string | undefined;
  let regId_: string | undefined;
  let identity_: string | undefined;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x15:
        slot_ = readI32(reader);
        break;
      case 0x28:
        appId_ = readString(reader);
        break;
      case 0x38:
        regId_ = readString(reader);
        break;
      case 0x48:
        identity_ = readString(reader);
        break;
      default:
        skipField(reader, header, 0x1e);
    }
  }
  if (slot_ === undefined || appId_ === undefined || regId_ === undefined) throw new ThriftError("missing", "Registration");
  const value: { -readonly [K in keyof Registration]: Registration[K] } = { slot: slot_, appId: appId_, regId: regId_ };
  if (identity_ !== undefined) value.identity = identity_;
  return value;
}

/** The bytes of one Registration. @throws ThriftError `range` where a number does not fit its type. */
export function encodeRegistration(value: Registration): Uint8Array<ArrayBuffer> {
  return encode(value, writeRegistration);
}

/** Reads one Registration that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeRegistration(bytes: Uint8Array): Registration {
  return decode(bytes, readRegistration);
}

/** Answer to Hello. All times are milliseconds. */
export interface Welcome {
  /** 16 random bytes naming this session. */
  readonly session: Uint8Array;
  /** Mesh clock, milliseconds since 1970. */
  readonly serverTimeMs: number;
  /** Bounds and first value of the heartbeat interval. */
  readonly heartbeatMinMs: number;
  readonly heartbeatMaxMs: number;
  readonly heartbeatMs: number;
  /** Full-jitter reconnect window: first upper bound, and the cap it doubles to. */
  readonly reconnectBaseMs: number;
  readonly reconnectMaxMs: number;
  /** Largest WebSocket message either side may send, in bytes. */
  readonly maxFrameBytes: number;
  /** The registrations the mesh holds for this device. */
  readonly registrations: readonly Registration[];
  /** Hello.session is the session before this one: no other link was opened in between. */
  readonly resumed: boolean;
  /** Window of the first reconnect after a link that stood was closed; `reconnectBaseMs` where it is absent. */
  readonly reconnectFirstMs?: number;
}

function writeWelcome(writer: Writer, value: Welcome): void {
  writeByte(writer, 0x18); writeBinary(writer, value.session);
  writeByte(writer, 0x16); writeI64(writer, value.serverTimeMs);
  writeByte(writer, 0x15); writeI32(writer, value.heartbeatMinMs);
  writeByte(writer, 0x15); writeI32(writer, value.heartbeatMaxMs);
  writeByte(writer, 0x15); writeI32(writer, value.heartbeatMs);
  writeByte(writer, 0x15); writeI32(writer, value.reconnectBaseMs);
  writeByte(writer, 0x15); writeI32(writer, value.reconnectMaxMs);
  writeByte(writer, 0x15); writeI32(writer, value.maxFrameBytes);
  writeByte(writer, 0x19); writeList(writer, 12, value.registrations, writeRegistration);
  writeByte(writer, value.resumed ? 0x11 : 0x12);
  if (value.reconnectFirstMs !== undefined) { writeByte(writer, 0x15); writeI32(writer, value.reconnectFirstMs); }
  writeByte(writer, 0);
}

function readWelcome(reader: Reader): Welcome {
  let session_: Uint8Array | undefined;
  let serverTimeMs_: number | undefined;
  let heartbeatMinMs_: number | undefined;
  let heartbeatMaxMs_: number | undefined;
  let heartbeatMs_: number | undefined;
  let reconnectBaseMs_: number | undefined;
  let reconnectMaxMs_: number | undefined;
  let maxFrameBytes_: number | undefined;
  let registrations_: readonly Registration[] | undefined;
  let resumed_: boolean | undefined;
  let reconnectFirstMs_: number | undefined;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x18:
        session_ = readBinary(reader);
        break;
      case 0x26:
        serverTimeMs_ = readI64(reader);
        break;
      case 0x35:
        heartbeatMinMs_ = readI32(reader);
        break;
      case 0x45:
        heartbeatMaxMs_ = readI32(reader);
        break;
      case 0x55:
        heartbeatMs_ = readI32(reader);
        break;
      case 0x65:
        reconnectBaseMs_ = readI32(reader);
        break;
      case 0x75:
        reconnectMaxMs_ = readI32(reader);
        break;
      case 0x85:
        maxFrameBytes_ = readI32(reader);
        break;
      case 0x99:
        registrations_ = readList(reader, 12, readRegistration);
        break;
      case 0xa1:
        resumed_ = true;
        break;
      case 0xa2:
        resumed_ = false;
        break;
      case 0xb5:
        reconnectFirstMs_ = readI32(reader);
        break;
      default:
        skipField(reader, header, 0xffe);
    }
  }
  if (session_ === undefined || serverTimeMs_ === undefined || heartbeatMinMs_ === undefined || heartbeatMaxMs_ === undefined || heartbeatMs_ === undefined || reconnectBaseMs_ === undefined || reconnectMaxMs_ === undefined || maxFrameBytes_ === undefined || registrations_ === undefined || resumed_ === undefined) throw new ThriftError("missing", "Welcome");
  const value: { -readonly [K in keyof Welcome]: Welcome[K] } = { session: session_, serverTimeMs: serverTimeMs_, heartbeatMinMs: heartbeatMinMs_, heartbeatMaxMs: heartbeatMaxMs_, heartbeatMs: heartbeatMs_, reconnectBaseMs: reconnectBaseMs_, reconnectMaxMs: reconnectMaxMs_, maxFrameBytes: maxFrameBytes_, registrations: registrations_, resumed: resumed_ };
  if (reconnectFirstMs_ !== undefined) value.reconnectFirstMs = reconnectFirstMs_;
  return value;
}

/** The bytes of one Welcome. @throws ThriftError `range` where a number does not fit its type. */
export function encodeWelcome(value: Welcome): Uint8Array<ArrayBuffer> {
  return encode(value, writeWelcome);
}

/** Reads one Welcome that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeWelcome(bytes: Uint8Array): Welcome {
  return decode(bytes, readWelcome);
}

/** The mesh refuses one frame or command; the link stays up. Codes: docs/errors.md. */
export interface Refusal {
  readonly code: number;
  readonly name: string;
  readonly message: string;
  /** The request the refusal answers, where there was one. */
  readonly request?: number;
  /** Wait this long before the same request again. */
  readonly retryAfterMs?: number;
}

function writeRefusal(writer: Writer, value: Refusal): void {
  writeByte(writer, 0x15); writeI32(writer, value.code);
  writeByte(writer, 0x18); writeString(writer, value.name);
  writeByte(writer, 0x18); writeString(writer, value.message);
  let last = 3;
  if (value.request !== undefined) { writeByte(writer, 0x15); last = 4; writeI32(writer, value.request); }
  if (value.retryAfterMs !== undefined) { writeField(writer, last, 5, 5); writeI32(writer, value.retryAfterMs); }
  writeByte(writer, 0);
}

function readRefusal(reader: Reader): Refusal {
  let code_: number | undefined;
  let name_: string | undefined;
  let message_: string | undefined;
  let request_: number | undefined;
  let retryAfterMs_: number | undefined;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x15:
        code_ = readI32(reader);
        break;
      case 0x28:
        name_ = readString(reader);
        break;
      case 0x38:
        message_ = readString(reader);
        break;
      case 0x45:
        request_ = readI32(reader);
        break;
      case 0x55:
        retryAfterMs_ = readI32(reader);
        break;
      default:
        skipField(reader, header, 0x3e);
    }
  }
  if (code_ === undefined || name_ === undefined || message_ === undefined) throw new ThriftError("missing", "Refusal");
  const value: { -readonly [K in keyof Refusal]: Refusal[K] } = { code: code_, name: name_, message: message_ };
  if (request_ !== undefined) value.request = request_;
  if (retryAfterMs_ !== undefined) value.retryAfterMs = retryAfterMs_;
  return value;
}

/** The bytes of one Refusal. @throws ThriftError `range` where a number does not fit its type. */
export function encodeRefusal(value: Refusal): Uint8Array<ArrayBuffer> {
  return encode(value, writeRefusal);
}

/** Reads one Refusal that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeRefusal(bytes: Uint8Array): Refusal {
  return decode(bytes, readRefusal);
}

/** The mesh announces that it will close the socket soon; reconnect within the window. */
export interface Goaway {
  readonly reason: string;
  readonly reconnectWithinMs: number;
}

function writeGoaway(writer: Writer, value: Goaway): void {
  writeByte(writer, 0x18); writeString(writer, value.reason);
  writeByte(writer, 0x15); writeI32(writer, value.reconnectWithinMs);
  writeByte(writer, 0);
}

function readGoaway(reader: Reader): Goaway {
  let reason_: string | undefined;
  let reconnectWithinMs_: number | undefined;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x18:
        reason_ = readString(reader);
        break;
      case 0x25:
        reconnectWithinMs_ = readI32(reader);
        break;
      default:
        skipField(reader, header, 0x6);
    }
  }
  if (reason_ === undefined || reconnectWithinMs_ === undefined) throw new ThriftError("missing", "Goaway");
  return { reason: reason_, reconnectWithinMs: reconnectWithinMs_ };
}

/** The bytes of one Goaway. @throws ThriftError `range` where a number does not fit its type. */
export function encodeGoaway(value: Goaway): Uint8Array<ArrayBuffer> {
  return encode(value, writeGoaway);
}

/** Reads one Goaway that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeGoaway(bytes: Uint8Array): Goaway {
  return decode(bytes, readGoaway);
}

export type LinkUp =
  | { readonly kind: "hello"; readonly value: Hello }
  /** A frame of a newer peer: none of its fields is in our IDL. The value is the ID of the last. */
  | { readonly kind: "unknown"; readonly value: number };

/** A LinkUp that can be sent. */
export type WritableLinkUp = Exclude<LinkUp, { readonly kind: "unknown" }>;

function writeLinkUp(writer: Writer, value: WritableLinkUp): void {
  switch (value.kind) {
    case "hello":
      writeByte(writer, 0x1c); writeHello(writer, value.value);
      break;
  }
  writeByte(writer, 0);
}

function readLinkUp(reader: Reader): LinkUp {
  let value: LinkUp | undefined;
  let known = 0;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x1c:
        known++; value = { kind: "hello", value: readHello(reader) };
        break;
      default:
        skipField(reader, header, 0x2);
        if (known === 0) value = { kind: "unknown", value: header >> 4 };
    }
  }
  if (value === undefined || known > 1) throw new ThriftError("union", "LinkUp");
  return value;
}

/** The bytes of one LinkUp. @throws ThriftError `range` where a number does not fit its type. */
export function encodeLinkUp(value: WritableLinkUp): Uint8Array<ArrayBuffer> {
  return encode(value, writeLinkUp);
}

/** Reads one LinkUp that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeLinkUp(bytes: Uint8Array): LinkUp {
  return decode(bytes, readLinkUp);
}

export type LinkDown =
  | { readonly kind: "welcome"; readonly value: Welcome }
  | { readonly kind: "refusal"; readonly value: Refusal }
  | { readonly kind: "goaway"; readonly value: Goaway }
  /** A frame of a newer peer: none of its fields is in our IDL. The value is the ID of the last. */
  | { readonly kind: "unknown"; readonly value: number };

/** A LinkDown that can be sent. */
export type WritableLinkDown = Exclude<LinkDown, { readonly kind: "unknown" }>;

function writeLinkDown(writer: Writer, value: WritableLinkDown): void {
  switch (value.kind) {
    case "welcome":
      writeByte(writer, 0x1c); writeWelcome(writer, value.value);
      break;
    case "refusal":
      writeByte(writer, 0x2c); writeRefusal(writer, value.value);
      break;
    case "goaway":
      writeByte(writer, 0x3c); writeGoaway(writer, value.value);
      break;
  }
  writeByte(writer, 0);
}

function readLinkDown(reader: Reader): LinkDown {
  let value: LinkDown | undefined;
  let known = 0;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x1c:
        known++; value = { kind: "welcome", value: readWelcome(reader) };
        break;
      case 0x2c:
        known++; value = { kind: "refusal", value: readRefusal(reader) };
        break;
      case 0x3c:
        known++; value = { kind: "goaway", value: readGoaway(reader) };
        break;
      default:
        skipField(reader, header, 0xe);
        if (known === 0) value = { kind: "unknown", value: header >> 4 };
    }
  }
  if (value === undefined || known > 1) throw new ThriftError("union", "LinkDown");
  return value;
}

/** The bytes of one LinkDown. @throws ThriftError `range` where a number does not fit its type. */
export function encodeLinkDown(value: WritableLinkDown): Uint8Array<ArrayBuffer> {
  return encode(value, writeLinkDown);
}

/** Reads one LinkDown that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeLinkDown(bytes: Uint8Array): LinkDown {
  return decode(bytes, readLinkDown);
}

/** Registers an app on this device. The answer is Registered or a Refusal with this request. */
export interface Register {
  readonly request: number;
  readonly appId: string;
}

function writeRegister(writer: Writer, value: Register): void {
  writeByte(writer, 0x15); writeI32(writer, value.request);
  writeByte(writer, 0x18); writeString(writer, value.appId);
  writeByte(writer, 0);
}

function readRegister(reader: Reader): Register {
  let request_: number | undefined;
  let appId_: string | undefined;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x15:
        request_ = readI32(reader);
        break;
      case 0x28:
        appId_ = readString(reader);
        break;
      default:
        skipField(reader, header, 0x6);
    }
  }
  if (request_ === undefined || appId_ === undefined) throw new ThriftError("missing", "Register");
  return { request: request_, appId: appId_ };
}

/** The bytes of one Register. @throws ThriftError `range` where a number does not fit its type. */
export function encodeRegister(value: Register): Uint8Array<ArrayBuffer> {
  return encode(value, writeRegister);
}

/** Reads one Register that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeRegister(bytes: Uint8Array): Register {
  return decode(bytes, readRegister);
}

/** Ends a registration: its regId answers `unregistered`, its mail is dropped. */
export interface Unregister {
  readonly request: number;
  readonly slot: number;
}

function writeUnregister(writer: Writer, value: Unregister): void {
  writeByte(writer, 0x15); writeI32(writer, value.request);
  writeByte(writer, 0x15); writeI32(writer, value.slot);
  writeByte(writer, 0);
}

function readUnregister(reader: Reader): Unregister {
  let request_: number | undefined;
  let slot_: number | undefined;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x15:
        request_ = readI32(reader);
        break;
      case 0x25:
        slot_ = readI32(reader);
        break;
      default:
        skipField(reader, header, 0x6);
    }
  }
  if (request_ === undefined || slot_ === undefined) throw new ThriftError("missing", "Unregister");
  return { request: request_, slot: slot_ };
}

/** The bytes of one Unregister. @throws ThriftError `range` where a number does not fit its type. */
export function encodeUnregister(value: Unregister): Uint8Array<ArrayBuffer> {
  return encode(value, writeUnregister);
}

/** Reads one Unregister that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeUnregister(bytes: Uint8Array): Unregister {
  return decode(bytes, readUnregister);
}

/** The app of this slot listens from now on: its mailbox is replayed, then live messages follow. */
export interface Attach {
  readonly slot: number;
}

function writeAttach(writer: Writer, value: Attach): void {
  writeByte(writer, 0x15); writeI32(writer, value.slot);
  writeByte(writer, 0);
}

function readAttach(reader: Reader): Attach {
  let slot_: number | undefined;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x15:
        slot_ = readI32(reader);
        break;
      default:
        skipField(reader, header, 0x2);
    }
  }
  if (slot_ === undefined) throw new ThriftError("missing", "Attach");
  return { slot: slot_ };
}

/** The bytes of one Attach. @throws ThriftError `range` where a number does not fit its type. */
export function encodeAttach(value: Attach): Uint8Array<ArrayBuffer> {
  return encode(value, writeAttach);
}

/** Reads one Attach that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeAttach(bytes: Uint8Array): Attach {
  return decode(bytes, readAttach);
}

/** The app of this slot listens no more; its messages queue. */
export interface Detach {
  readonly slot: number;
}

function writeDetach(writer: Writer, value: Detach): void {
  writeByte(writer, 0x15); writeI32(writer, value.slot);
  writeByte(writer, 0);
}

function readDetach(reader: Reader): Detach {
  let slot_: number | undefined;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x15:
        slot_ = readI32(reader);
        break;
      default:
        skipField(reader, header, 0x2);
    }
  }
  if (slot_ === undefined) throw new ThriftError("missing", "Detach");
  return { slot: slot_ };
}

/** The bytes of one Detach. @throws ThriftError `range` where a number does not fit its type. */
export function encodeDetach(value: Detach): Uint8Array<ArrayBuffer> {
  return encode(value, writeDetach);
}

/** Reads one Detach that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeDetach(bytes: Uint8Array): Detach {
  return decode(bytes, readDetach);
}

/**
 * Cumulative acknowledgement: the device is done with every message of this slot
 * and priority that was sent on this socket up to and including `seq`. Those that
 * `discarded` names never reached the app, the others did.
 */
export interface Ack {
  readonly slot: number;
  readonly priority: Priority;
  /** 0 where the frame only says what was discarded. */
  readonly seq: number;
  /**
   * Messages of the lane that came on this socket and were dropped because their time was over or they were
   * withdrawn. May be above `seq`, where a message before them is not done yet.
   */
  readonly discarded?: readonly number[];
}

function writeAck(writer: Writer, value: Ack): void {
  writeByte(writer, 0x15); writeI32(writer, value.slot);
  writeByte(writer, 0x15); writePriority(writer, value.priority);
  writeByte(writer, 0x16); writeI64(writer, value.seq);
  if (value.discarded !== undefined) { writeByte(writer, 0x19); writeList(writer, 6, value.discarded, writeI64); }
  writeByte(writer, 0);
}

function readAck(reader: Reader): Ack {
  let slot_: number | undefined;
  let priority_: Priority | undefined;
  let seq_: number | undefined;
  let discarded_: readonly number[] | undefined;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x15:
        slot_ = readI32(reader);
        break;
      case 0x25:
        priority_ = readPriority(reader);
        break;
      case 0x36:
        seq_ = readI64(reader);
        break;
      case 0x49:
        discarded_ = readList(reader, 6, readI64);
        break;
      default:
        skipField(reader, header, 0x1e);
    }
  }
  if (slot_ === undefined || priority_ === undefined || seq_ === undefined) throw new ThriftError("missing", "Ack");
  const value: { -readonly [K in keyof Ack]: Ack[K] } = { slot: slot_, priority: priority_, seq: seq_ };
  if (discarded_ !== undefined) value.discarded = discarded_;
  return value;
}

/** The bytes of one Ack. @throws ThriftError `range` where a number does not fit its type. */
export function encodeAck(value: Ack): Uint8Array<ArrayBuffer> {
  return encode(value, writeAck);
}

/** Reads one Ack that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeAck(bytes: Uint8Array): Ack {
  return decode(bytes, readAck);
}

export interface Registered {
  readonly request: number;
  readonly registration: Registration;
}

function writeRegistered(writer: Writer, value: Registered): void {
  writeByte(writer, 0x15); writeI32(writer, value.request);
  writeByte(writer, 0x1c); writeRegistration(writer, value.registration);
  writeByte(writer, 0);
}

function readRegistered(reader: Reader): Registered {
  let request_: number | undefined;
  let registration_: Registration | undefined;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x15:
        request_ = readI32(reader);
        break;
      case 0x2c:
        registration_ = readRegistration(reader);
        break;
      default:
        skipField(reader, header, 0x6);
    }
  }
  if (request_ === undefined || registration_ === undefined) throw new ThriftError("missing", "Registered");
  return { request: request_, registration: registration_ };
}

/** The bytes of one Registered. @throws ThriftError `range` where a number does not fit its type. */
export function encodeRegistered(value: Registered): Uint8Array<ArrayBuffer> {
  return encode(value, writeRegistered);
}

/** Reads one Registered that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeRegistered(bytes: Uint8Array): Registered {
  return decode(bytes, readRegistered);
}

export interface Unregistered {
  readonly request: number;
  readonly slot: number;
}

function writeUnregistered(writer: Writer, value: Unregistered): void {
  writeByte(writer, 0x15); writeI32(writer, value.request);
  writeByte(writer, 0x15); writeI32(writer, value.slot);
  writeByte(writer, 0);
}

function readUnregistered(reader: Reader): Unregistered {
  let request_: number | undefined;
  let slot_: number | undefined;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x15:
        request_ = readI32(reader);
        break;
      case 0x25:
        slot_ = readI32(reader);
        break;
      default:
        skipField(reader, header, 0x6);
    }
  }
  if (request_ === undefined || slot_ === undefined) throw new ThriftError("missing", "Unregistered");
  return { request: request_, slot: slot_ };
}

/** The bytes of one Unregistered. @throws ThriftError `range` where a number does not fit its type. */
export function encodeUnregistered(value: Unregistered): Uint8Array<ArrayBuffer> {
  return encode(value, writeUnregistered);
}

/** Reads one Unregistered that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeUnregistered(bytes: Uint8Array): Unregistered {
  return decode(bytes, readUnregistered);
}

/** One message to one registration. */
export interface Message {
  readonly slot: number;
  /** Hybrid-clock sequence: (ms since 2024-01-01T00:00:00Z) * 4096 + counter. Rises within a lane. */
  readonly seq: number;
  /** 9 bytes; two messages of one registration with the same key are the same message. */
  readonly key: Uint8Array;
  readonly priority: Priority;
  readonly contentType: ContentType;
  readonly data: Uint8Array;
  /** Milliseconds since 1970 after which the message must not be shown; absent for ttl 0. */
  readonly expiresAtMs?: number;
  readonly collapseKey?: string;
  /** True where the mesh may have sent it before on another socket. */
  readonly replay?: boolean;
  /**
   * Milliseconds from the receipt, by a clock that nobody sets, after which the message must not be handed to the app.
   * Counts in place of expiresAtMs where it is there. 0: only a device that has taken it already acknowledges it.
   */
  readonly remainingMs?: number;
  /** Where remainingMs is 0: FNV-1a of 32 bits of the data as it was sent first, for it may be left out here. */
  readonly dataHash?: number;
}

function writeMessage(writer: Writer, value: Message): void {
  writeByte(writer, 0x15); writeI32(writer, value.slot);
  writeByte(writer, 0x16); writeI64(writer, value.seq);
  writeByte(writer, 0x18); writeBinary(writer, value.key);
  writeByte(writer, 0x15); writePriority(writer, value.priority);
  writeByte(writer, 0x15); writeContentType(writer, value.contentType);
  writeByte(writer, 0x18); writeBinary(writer, value.data);
  let last = 6;
  if (value.expiresAtMs !== undefined) { writeByte(writer, 0x16); last = 7; writeI64(writer, value.expiresAtMs); }
  if (value.collapseKey !== undefined) { last = writeField(writer, last, 8, 8); writeString(writer, value.collapseKey); }
  if (value.replay !== undefined) { last = writeField(writer, last, 9, value.replay ? 1 : 2); }
  if (value.remainingMs !== undefined) { last = writeField(writer, last, 10, 6); writeI64(writer, value.remainingMs); }
  if (value.dataHash !== undefined) { writeField(writer, last, 11, 5); writeI32(writer, value.dataHash); }
  writeByte(writer, 0);
}

function readMessage(reader: Reader): Message {
  let slot_: number | undefined;
  let seq_: number | undefined;
  let key_: Uint8Array | undefined;
  let priority_: Priority | undefined;
  let contentType_: ContentType | undefined;
  let data_: Uint8Array | undefined;
  let expiresAtMs_: number | undefined;
  let collapseKey_: string | undefined;
  let replay_: boolean | undefined;
  let remainingMs_: number | undefined;
  let dataHash_: number | undefined;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x15:
        slot_ = readI32(reader);
        break;
      case 0x26:
        seq_ = readI64(reader);
        break;
      case 0x38:
        key_ = readBinary(reader);
        break;
      case 0x45:
        priority_ = readPriority(reader);
        break;
      case 0x55:
        contentType_ = readContentType(reader);
        break;
      case 0x68:
        data_ = readBinary(reader);
        break;
      case 0x76:
        expiresAtMs_ = readI64(reader);
        break;
      case 0x88:
        collapseKey_ = readString(reader);
        break;
      case 0x91:
        replay_ = true;
        break;
      case 0x92:
        replay_ = false;
        break;
      case 0xa6:
        remainingMs_ = readI64(reader);
        break;
      case 0xb5:
        dataHash_ = readI32(reader);
        break;
      default:
        skipField(reader, header, 0xffe);
    }
  }
  if (slot_ === undefined || seq_ === undefined || key_ === undefined || priority_ === undefined || contentType_ === undefined || data_ === undefined) throw new ThriftError("missing", "Message");
  const value: { -readonly [K in keyof Message]: Message[K] } = { slot: slot_, seq: seq_, key: key_, priority: priority_, contentType: contentType_, data: data_ };
  if (expiresAtMs_ !== undefined) value.expiresAtMs = expiresAtMs_;
  if (collapseKey_ !== undefined) value.collapseKey = collapseKey_;
  if (replay_ !== undefined) value.replay = replay_;
  if (remainingMs_ !== undefined) value.remainingMs = remainingMs_;
  if (dataHash_ !== undefined) value.dataHash = dataHash_;
  return value;
}

/** The bytes of one Message. @throws ThriftError `range` where a number does not fit its type. */
export function encodeMessage(value: Message): Uint8Array<ArrayBuffer> {
  return encode(value, writeMessage);
}

/** Reads one Message that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeMessage(bytes: Uint8Array): Message {
  return decode(bytes, readMessage);
}

/** Messages in the order to hand to the app. */
export interface Deliver {
  readonly messages: readonly Message[];
}

function writeDeliver(writer: Writer, value: Deliver): void {
  writeByte(writer, 0x19); writeList(writer, 12, value.messages, writeMessage);
  writeByte(writer, 0);
}

function readDeliver(reader: Reader): Deliver {
  let messages_: readonly Message[] | undefined;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x19:
        messages_ = readList(reader, 12, readMessage);
        break;
      default:
        skipField(reader, header, 0x2);
    }
  }
  if (messages_ === undefined) throw new ThriftError("missing", "Deliver");
  return { messages: messages_ };
}

/** The bytes of one Deliver. @throws ThriftError `range` where a number does not fit its type. */
export function encodeDeliver(value: Deliver): Uint8Array<ArrayBuffer> {
  return encode(value, writeDeliver);
}

/** Reads one Deliver that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeDeliver(bytes: Uint8Array): Deliver {
  return decode(bytes, readDeliver);
}

/** Adds tags to a registration and takes others away, each whole or not at all. The answer is Done or a Refusal. */
export interface Subscribe {
  readonly request: number;
  readonly slot: number;
  /** Tags to join; those joined already stay as they are. */
  readonly add: readonly string[];
  /** Tags to leave; those not joined are no error. */
  readonly remove: readonly string[];
}

function writeSubscribe(writer: Writer, value: Subscribe): void {
  writeByte(writer, 0x15); writeI32(writer, value.request);
  writeByte(writer, 0x15); writeI32(writer, value.slot);
  writeByte(writer, 0x19); writeList(writer, 8, value.add, writeString);
  writeByte(writer, 0x19); writeList(writer, 8, value.remove, writeString);
  writeByte(writer, 0);
}

function readSubscribe(reader: Reader): Subscribe {
  let request_: number | undefined;
  let slot_: number | undefined;
  let add_: readonly string[] | undefined;
  let remove_: readonly string[] | undefined;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x15:
        request_ = readI32(reader);
        break;
      case 0x25:
        slot_ = readI32(reader);
        break;
      case 0x39:
        add_ = readList(reader, 8, readString);
        break;
      case 0x49:
        remove_ = readList(reader, 8, readString);
        break;
      default:
        skipField(reader, header, 0x1e);
    }
  }
  if (request_ === undefined || slot_ === undefined || add_ === undefined || remove_ === undefined) throw new ThriftError("missing", "Subscribe");
  return { request: request_, slot: slot_, add: add_, remove: remove_ };
}

/** The bytes of one Subscribe. @throws ThriftError `range` where a number does not fit its type. */
export function encodeSubscribe(value: Subscribe): Uint8Array<ArrayBuffer> {
  return encode(value, writeSubscribe);
}

/** Reads one Subscribe that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeSubscribe(bytes: Uint8Array): Subscribe {
  return decode(bytes, readSubscribe);
}

/** Gives the registration an alias, or takes it away. The answer is Done or a Refusal. */
export interface SetAlias {
  readonly request: number;
  readonly slot: number;
  readonly alias: string;
  /** False takes it away; that it is not held is no error. */
  readonly held: boolean;
  /** True where several registrations may hold it together; else the last setter has it alone. */
  readonly shared?: boolean;
}

function writeSetAlias(writer: Writer, value: SetAlias): void {
  writeByte(writer, 0x15); writeI32(writer, value.request);
  writeByte(writer, 0x15); writeI32(writer, value.slot);
  writeByte(writer, 0x18); writeString(writer, value.alias);
  writeByte(writer, value.held ? 0x11 : 0x12);
  if (value.shared !== undefined) { writeByte(writer, value.shared ? 0x11 : 0x12); }
  writeByte(writer, 0);
}

function readSetAlias(reader: Reader): SetAlias {
  let request_: number | undefined;
  let slot_: number | undefined;
  let alias_: string | undefined;
  let held_: boolean | undefined;
  let shared_: boolean | undefined;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x15:
        request_ = readI32(reader);
        break;
      case 0x25:
        slot_ = readI32(reader);
        break;
      case 0x38:
        alias_ = readString(reader);
        break;
      case 0x41:
        held_ = true;
        break;
      case 0x42:
        held_ = false;
        break;
      case 0x51:
        shared_ = true;
        break;
      case 0x52:
        shared_ = false;
        break;
      default:
        skipField(reader, header, 0x3e);
    }
  }
  if (request_ === undefined || slot_ === undefined || alias_ === undefined || held_ === undefined) throw new ThriftError("missing", "SetAlias");
  const value: { -readonly [K in keyof SetAlias]: SetAlias[K] } = { request: request_, slot: slot_, alias: alias_, held: held_ };
  if (shared_ !== undefined) value.shared = shared_;
  return value;
}

/** The bytes of one SetAlias. @throws ThriftError `range` where a number does not fit its type. */
export function encodeSetAlias(value: SetAlias): Uint8Array<ArrayBuffer> {
  return encode(value, writeSetAlias);
}

/** Reads one SetAlias that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeSetAlias(bytes: Uint8Array): SetAlias {
  return decode(bytes, readSetAlias);
}

/** A custom attribute. */
export interface Attribute {
  readonly name: string;
  readonly value: string;
}

function writeAttribute(writer: Writer, value: Attribute): void {
  writeByte(writer, 0x18); writeString(writer, value.name);
  writeByte(writer, 0x18); writeString(writer, value.value);
  writeByte(writer, 0);
}

function readAttribute(reader: Reader): Attribute {
  let name_: string | undefined;
  let value_: string | undefined;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x18:
        name_ = readString(reader);
        break;
      case 0x28:
        value_ = readString(reader);
        break;
      default:
        skipField(reader, header, 0x6);
    }
  }
  if (name_ === undefined || value_ === undefined) throw new ThriftError("missing", "Attribute");
  return { name: name_, value: value_ };
}

/** The bytes of one Attribute. @throws ThriftError `range` where a number does not fit its type. */
export function encodeAttribute(value: Attribute): Uint8Array<ArrayBuffer> {
  return encode(value, writeAttribute);
}

/** Reads one Attribute that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeAttribute(bytes: Uint8Array): Attribute {
  return decode(bytes, readAttribute);
}

/** What broadcasts may be filtered by; replaces all that was reported before. The answer is Done or a Refusal. */
export interface Report {
  readonly request: number;
  readonly slot: number;
  /** Such as "android", "ios", "web"; lower case. */
  readonly platform?: string;
  /** Numbers separated by dots. */
  readonly appVersion?: string;
  /** BCP 47 language tag. */
  readonly locale?: string;
  readonly attributes?: readonly Attribute[];
}

function writeReport(writer: Writer, value: Report): void {
  writeByte(writer, 0x15); writeI32(writer, value.request);
  writeByte(writer, 0x15); writeI32(writer, value.slot);
  let last = 2;
  if (value.platform !== undefined) { writeByte(writer, 0x18); last = 3; writeString(writer, value.platform); }
  if (value.appVersion !== undefined) { last = writeField(writer, last, 4, 8); writeString(writer, value.appVersion); }
  if (value.locale !== undefined) { last = writeField(writer, last, 5, 8); writeString(writer, value.locale); }
  if (value.attributes !== undefined) { writeField(writer, last, 6, 9); writeList(writer, 12, value.attributes, writeAttribute); }
  writeByte(writer, 0);
}

function readReport(reader: Reader): Report {
  let request_: number | undefined;
  let slot_: number | undefined;
  let platform_: string | undefined;
  let appVersion_: string | undefined;
  let locale_: string | undefined;
  let attributes_: readonly Attribute[] | undefined;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x15:
        request_ = readI32(reader);
        break;
      case 0x25:
        slot_ = readI32(reader);
        break;
      case 0x38:
        platform_ = readString(reader);
        break;
      case 0x48:
        appVersion_ = readString(reader);
        break;
      case 0x58:
        locale_ = readString(reader);
        break;
      case 0x69:
        attributes_ = readList(reader, 12, readAttribute);
        break;
      default:
        skipField(reader, header, 0x7e);
    }
  }
  if (request_ === undefined || slot_ === undefined) throw new ThriftError("missing", "Report");
  const value: { -readonly [K in keyof Report]: Report[K] } = { request: request_, slot: slot_ };
  if (platform_ !== undefined) value.platform = platform_;
  if (appVersion_ !== undefined) value.appVersion = appVersion_;
  if (locale_ !== undefined) value.locale = locale_;
  if (attributes_ !== undefined) value.attributes = attributes_;
  return value;
}

/** The bytes of one Report. @throws ThriftError `range` where a number does not fit its type. */
export function encodeReport(value: Report): Uint8Array<ArrayBuffer> {
  return encode(value, writeReport);
}

/** Reads one Report that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeReport(bytes: Uint8Array): Report {
  return decode(bytes, readReport);
}

/** Asks for the tags and aliases of a registration. The answer is Described or a Refusal. */
export interface Describe {
  readonly request: number;
  readonly slot: number;
}

function writeDescribe(writer: Writer, value: Describe): void {
  writeByte(writer, 0x15); writeI32(writer, value.request);
  writeByte(writer, 0x15); writeI32(writer, value.slot);
  writeByte(writer, 0);
}

function readDescribe(reader: Reader): Describe {
  let request_: number | undefined;
  let slot_: number | undefined;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x15:
        request_ = readI32(reader);
        break;
      case 0x25:
        slot_ = readI32(reader);
        break;
      default:
        skipField(reader, header, 0x6);
    }
  }
  if (request_ === undefined || slot_ === undefined) throw new ThriftError("missing", "Describe");
  return { request: request_, slot: slot_ };
}

/** The bytes of one Describe. @throws ThriftError `range` where a number does not fit its type. */
export function encodeDescribe(value: Describe): Uint8Array<ArrayBuffer> {
  return encode(value, writeDescribe);
}

/** Reads one Describe that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeDescribe(bytes: Uint8Array): Describe {
  return decode(bytes, readDescribe);
}

/** The command of this request is carried out, durably. */
export interface Done {
  readonly request: number;
}

function writeDone(writer: Writer, value: Done): void {
  writeByte(writer, 0x15); writeI32(writer, value.request);
  writeByte(writer, 0);
}

function readDone(reader: Reader): Done {
  let request_: number | undefined;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x15:
        request_ = readI32(reader);
        break;
      default:
        skipField(reader, header, 0x2);
    }
  }
  if (request_ === undefined) throw new ThriftError("missing", "Done");
  return { request: request_ };
}

/** The bytes of one Done. @throws ThriftError `range` where a number does not fit its type. */
export function encodeDone(value: Done): Uint8Array<ArrayBuffer> {
  return encode(value, writeDone);
}

/** Reads one Done that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeDone(bytes: Uint8Array): Done {
  return decode(bytes, readDone);
}

export interface Described {
  readonly request: number;
  readonly tags: readonly string[];
  readonly aliases: readonly string[];
  /** True where another Described of this request follows: what a registration has may not fit in one frame. */
  readonly more?: boolean;
}

function writeDescribed(writer: Writer, value: Described): void {
  writeByte(writer, 0x15); writeI32(writer, value.request);
  writeByte(writer, 0x19); writeList(writer, 8, value.tags, writeString);
  writeByte(writer, 0x19); writeList(writer, 8, value.aliases, writeString);
  if (value.more !== undefined) { writeByte(writer, value.more ? 0x11 : 0x12); }
  writeByte(writer, 0);
}

function readDescribed(reader: Reader): Described {
  let request_: number | undefined;
  let tags_: readonly string[] | undefined;
  let aliases_: readonly string[] | undefined;
  let more_: boolean | undefined;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x15:
        request_ = readI32(reader);
        break;
      case 0x29:
        tags_ = readList(reader, 8, readString);
        break;
      case 0x39:
        aliases_ = readList(reader, 8, readString);
        break;
      case 0x41:
        more_ = true;
        break;
      case 0x42:
        more_ = false;
        break;
      default:
        skipField(reader, header, 0x1e);
    }
  }
  if (request_ === undefined || tags_ === undefined || aliases_ === undefined) throw new ThriftError("missing", "Described");
  const value: { -readonly [K in keyof Described]: Described[K] } = { request: request_, tags: tags_, aliases: aliases_ };
  if (more_ !== undefined) value.more = more_;
  return value;
}

/** The bytes of one Described. @throws ThriftError `range` where a number does not fit its type. */
export function encodeDescribed(value: Described): Uint8Array<ArrayBuffer> {
  return encode(value, writeDescribed);
}

/** Reads one Described that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeDescribed(bytes: Uint8Array): Described {
  return decode(bytes, readDescribed);
}

/** One broadcast of a tag, to one registration that is in it. */
export interface Broadcast {
  readonly slot: number;
  /** Names the tag in cursors, for as long as the registration is in it; never used again for another. */
  readonly tagRef: number;
  /** The tag; empty for the built-in tag of all devices. */
  readonly tag: string;
  /** Place in the tag's log: rises within a tag. */
  readonly position: number;
  /** As Message.seq, but of the tag: it says when the broadcast was accepted, and orders nothing else. */
  readonly seq: number;
  /** As Message.key. */
  readonly key: Uint8Array;
  /** The part of the message ID behind its dot. */
  readonly source: string;
  readonly priority: Priority;
  readonly contentType: ContentType;
  readonly data: Uint8Array;
  /** As Message.expiresAtMs. */
  readonly expiresAtMs?: number;
  readonly collapseKey?: string;
  /** As Message.remainingMs. */
  readonly remainingMs?: number;
}

function writeBroadcast(writer: Writer, value: Broadcast): void {
  writeByte(writer, 0x15); writeI32(writer, value.slot);
  writeByte(writer, 0x15); writeI32(writer, value.tagRef);
  writeByte(writer, 0x18); writeString(writer, value.tag);
  writeByte(writer, 0x16); writeI64(writer, value.position);
  writeByte(writer, 0x16); writeI64(writer, value.seq);
  writeByte(writer, 0x18); writeBinary(writer, value.key);
  writeByte(writer, 0x18); writeString(writer, value.source);
  writeByte(writer, 0x15); writePriority(writer, value.priority);
  writeByte(writer, 0x15); writeContentType(writer, value.contentType);
  writeByte(writer, 0x18); writeBinary(writer, value.data);
  let last = 10;
  if (value.expiresAtMs !== undefined) { writeByte(writer, 0x16); last = 11; writeI64(writer, value.expiresAtMs); }
  if (value.collapseKey !== undefined) { last = writeField(writer, last, 12, 8); writeString(writer, value.collapseKey); }
  if (value.remainingMs !== undefined) { writeField(writer, last, 13, 6); writeI64(writer, value.remainingMs); }
  writeByte(writer, 0);
}

function readBroadcast(reader: Reader): Broadcast {
  let slot_: number | undefined;
  let tagRef_: number | undefined;
  let tag_: string | undefined;
  let position_: number | undefined;
  let seq_: number | undefined;
  let key_: Uint8Array | undefined;
  let source_: string | undefined;
  let priority_: Priority | undefined;
  let contentType_: ContentType | undefined;
  let data_: Uint8Array | undefined;
  let expiresAtMs_: number | undefined;
  let collapseKey_: string | undefined;
  let remainingMs_: number | undefined;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x15:
        slot_ = readI32(reader);
        break;
      case 0x25:
        tagRef_ = readI32(reader);
        break;
      case 0x38:
        tag_ = readString(reader);
        break;
      case 0x46:
        position_ = readI64(reader);
        break;
      case 0x56:
        seq_ = readI64(reader);
        break;
      case 0x68:
        key_ = readBinary(reader);
        break;
      case 0x78:
        source_ = readString(reader);
        break;
      case 0x85:
        priority_ = readPriority(reader);
        break;
      case 0x95:
        contentType_ = readContentType(reader);
        break;
      case 0xa8:
        data_ = readBinary(reader);
        break;
      case 0xb6:
        expiresAtMs_ = readI64(reader);
        break;
      case 0xc8:
        collapseKey_ = readString(reader);
        break;
      case 0xd6:
        remainingMs_ = readI64(reader);
        break;
      default:
        skipField(reader, header, 0x3ffe);
    }
  }
  if (slot_ === undefined || tagRef_ === undefined || tag_ === undefined || position_ === undefined || seq_ === undefined || key_ === undefined || source_ === undefined || priority_ === undefined || contentType_ === undefined || data_ === undefined) throw new ThriftError("missing", "Broadcast");
  const value: { -readonly [K in keyof Broadcast]: Broadcast[K] } = { slot: slot_, tagRef: tagRef_, tag: tag_, position: position_, seq: seq_, key: key_, source: source_, priority: priority_, contentType: contentType_, data: data_ };
  if (expiresAtMs_ !== undefined) value.expiresAtMs = expiresAtMs_;
  if (collapseKey_ !== undefined) value.collapseKey = collapseKey_;
  if (remainingMs_ !== undefined) value.remainingMs = remainingMs_;
  return value;
}

/** The bytes of one Broadcast. @throws ThriftError `range` where a number does not fit its type. */
export function encodeBroadcast(value: Broadcast): Uint8Array<ArrayBuffer> {
  return encode(value, writeBroadcast);
}

/** Reads one Broadcast that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeBroadcast(bytes: Uint8Array): Broadcast {
  return decode(bytes, readBroadcast);
}

/** Broadcasts in the order to hand to the app. They are acknowledged by cursors, not by acks. */
export interface Broadcasts {
  readonly broadcasts: readonly Broadcast[];
}

function writeBroadcasts(writer: Writer, value: Broadcasts): void {
  writeByte(writer, 0x19); writeList(writer, 12, value.broadcasts, writeBroadcast);
  writeByte(writer, 0);
}

function readBroadcasts(reader: Reader): Broadcasts {
  let broadcasts_: readonly Broadcast[] | undefined;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x19:
        broadcasts_ = readList(reader, 12, readBroadcast);
        break;
      default:
        skipField(reader, header, 0x2);
    }
  }
  if (broadcasts_ === undefined) throw new ThriftError("missing", "Broadcasts");
  return { broadcasts: broadcasts_ };
}

/** The bytes of one Broadcasts. @throws ThriftError `range` where a number does not fit its type. */
export function encodeBroadcasts(value: Broadcasts): Uint8Array<ArrayBuffer> {
  return encode(value, writeBroadcasts);
}

/** Reads one Broadcasts that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeBroadcasts(bytes: Uint8Array): Broadcasts {
  return decode(bytes, readBroadcasts);
}

/**
 * Another device of a shared alias took the message, or its time is over: not to be handed to the app if it was not yet.
 * A device that drops it says so at once with Ack.discarded.
 */
export interface Withdraw {
  readonly slot: number;
  /** Message.key. */
  readonly key: Uint8Array;
}

function writeWithdraw(writer: Writer, value: Withdraw): void {
  writeByte(writer, 0x15); writeI32(writer, value.slot);
  writeByte(writer, 0x18); writeBinary(writer, value.key);
  writeByte(writer, 0);
}

function readWithdraw(reader: Reader): Withdraw {
  let slot_: number | undefined;
  let key_: Uint8Array | undefined;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x15:
        slot_ = readI32(reader);
        break;
      case 0x28:
        key_ = readBinary(reader);
        break;
      default:
        skipField(reader, header, 0x6);
    }
  }
  if (slot_ === undefined || key_ === undefined) throw new ThriftError("missing", "Withdraw");
  return { slot: slot_, key: key_ };
}

/** The bytes of one Withdraw. @throws ThriftError `range` where a number does not fit its type. */
export function encodeWithdraw(value: Withdraw): Uint8Array<ArrayBuffer> {
  return encode(value, writeWithdraw);
}

/** Reads one Withdraw that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeWithdraw(bytes: Uint8Array): Withdraw {
  return decode(bytes, readWithdraw);
}

/** Another registration set an alias that this one held: it holds it no more. */
export interface AliasLost {
  readonly slot: number;
  readonly alias: string;
}

function writeAliasLost(writer: Writer, value: AliasLost): void {
  writeByte(writer, 0x15); writeI32(writer, value.slot);
  writeByte(writer, 0x18); writeString(writer, value.alias);
  writeByte(writer, 0);
}

function readAliasLost(reader: Reader): AliasLost {
  let slot_: number | undefined;
  let alias_: string | undefined;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x15:
        slot_ = readI32(reader);
        break;
      case 0x28:
        alias_ = readString(reader);
        break;
      default:
        skipField(reader, header, 0x6);
    }
  }
  if (slot_ === undefined || alias_ === undefined) throw new ThriftError("missing", "AliasLost");
  return { slot: slot_, alias: alias_ };
}

/** The bytes of one AliasLost. @throws ThriftError `range` where a number does not fit its type. */
export function encodeAliasLost(value: AliasLost): Uint8Array<ArrayBuffer> {
  return encode(value, writeAliasLost);
}

/** Reads one AliasLost that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeAliasLost(bytes: Uint8Array): AliasLost {
  return decode(bytes, readAliasLost);
}

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
  /** A frame of a newer peer: none of its fields is in our IDL. The value is the ID of the last. */
  | { readonly kind: "unknown"; readonly value: number };

/** A PushUp that can be sent. */
export type WritablePushUp = Exclude<PushUp, { readonly kind: "unknown" }>;

function writePushUp(writer: Writer, value: WritablePushUp): void {
  switch (value.kind) {
    case "register":
      writeByte(writer, 0x1c); writeRegister(writer, value.value);
      break;
    case "unregister":
      writeByte(writer, 0x2c); writeUnregister(writer, value.value);
      break;
    case "attach":
      writeByte(writer, 0x3c); writeAttach(writer, value.value);
      break;
    case "detach":
      writeByte(writer, 0x4c); writeDetach(writer, value.value);
      break;
    case "acks":
      writeByte(writer, 0x59); writeList(writer, 12, value.value, writeAck);
      break;
    case "subscribe":
      writeByte(writer, 0x6c); writeSubscribe(writer, value.value);
      break;
    case "setAlias":
      writeByte(writer, 0x7c); writeSetAlias(writer, value.value);
      break;
    case "report":
      writeByte(writer, 0x8c); writeReport(writer, value.value);
      break;
    case "describe":
      writeByte(writer, 0x9c); writeDescribe(writer, value.value);
      break;
    case "cursors":
      writeByte(writer, 0xa9); writeList(writer, 12, value.value, writeCursor);
      break;
  }
  writeByte(writer, 0);
}

function readPushUp(reader: Reader): PushUp {
  let value: PushUp | undefined;
  let known = 0;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x1c:
        known++; value = { kind: "register", value: readRegister(reader) };
        break;
      case 0x2c:
        known++; value = { kind: "unregister", value: readUnregister(reader) };
        break;
      case 0x3c:
        known++; value = { kind: "attach", value: readAttach(reader) };
        break;
      case 0x4c:
        known++; value = { kind: "detach", value: readDetach(reader) };
        break;
      case 0x59:
        known++; value = { kind: "acks", value: readList(reader, 12, readAck) };
        break;
      case 0x6c:
        known++; value = { kind: "subscribe", value: readSubscribe(reader) };
        break;
      case 0x7c:
        known++; value = { kind: "setAlias", value: readSetAlias(reader) };
        break;
      case 0x8c:
        known++; value = { kind: "report", value: readReport(reader) };
        break;
      case 0x9c:
        known++; value = { kind: "describe", value: readDescribe(reader) };
        break;
      case 0xa9:
        known++; value = { kind: "cursors", value: readList(reader, 12, readCursor) };
        break;
      default:
        skipField(reader, header, 0x7fe);
        if (known === 0) value = { kind: "unknown", value: header >> 4 };
    }
  }
  if (value === undefined || known > 1) throw new ThriftError("union", "PushUp");
  return value;
}

/** The bytes of one PushUp. @throws ThriftError `range` where a number does not fit its type. */
export function encodePushUp(value: WritablePushUp): Uint8Array<ArrayBuffer> {
  return encode(value, writePushUp);
}

/** Reads one PushUp that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodePushUp(bytes: Uint8Array): PushUp {
  return decode(bytes, readPushUp);
}

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
  /** A frame of a newer peer: none of its fields is in our IDL. The value is the ID of the last. */
  | { readonly kind: "unknown"; readonly value: number };

/** A PushDown that can be sent. */
export type WritablePushDown = Exclude<PushDown, { readonly kind: "unknown" }>;

function writePushDown(writer: Writer, value: WritablePushDown): void {
  switch (value.kind) {
    case "registered":
      writeByte(writer, 0x1c); writeRegistered(writer, value.value);
      break;
    case "unregistered":
      writeByte(writer, 0x2c); writeUnregistered(writer, value.value);
      break;
    case "deliver":
      writeByte(writer, 0x3c); writeDeliver(writer, value.value);
      break;
    case "refusal":
      writeByte(writer, 0x4c); writeRefusal(writer, value.value);
      break;
    case "done":
      writeByte(writer, 0x5c); writeDone(writer, value.value);
      break;
    case "described":
      writeByte(writer, 0x6c); writeDescribed(writer, value.value);
      break;
    case "broadcasts":
      writeByte(writer, 0x7c); writeBroadcasts(writer, value.value);
      break;
    case "withdraw":
      writeByte(writer, 0x8c); writeWithdraw(writer, value.value);
      break;
    case "aliasLost":
      writeByte(writer, 0x9c); writeAliasLost(writer, value.value);
      break;
  }
  writeByte(writer, 0);
}

function readPushDown(reader: Reader): PushDown {
  let value: PushDown | undefined;
  let known = 0;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x1c:
        known++; value = { kind: "registered", value: readRegistered(reader) };
        break;
      case 0x2c:
        known++; value = { kind: "unregistered", value: readUnregistered(reader) };
        break;
      case 0x3c:
        known++; value = { kind: "deliver", value: readDeliver(reader) };
        break;
      case 0x4c:
        known++; value = { kind: "refusal", value: readRefusal(reader) };
        break;
      case 0x5c:
        known++; value = { kind: "done", value: readDone(reader) };
        break;
      case 0x6c:
        known++; value = { kind: "described", value: readDescribed(reader) };
        break;
      case 0x7c:
        known++; value = { kind: "broadcasts", value: readBroadcasts(reader) };
        break;
      case 0x8c:
        known++; value = { kind: "withdraw", value: readWithdraw(reader) };
        break;
      case 0x9c:
        known++; value = { kind: "aliasLost", value: readAliasLost(reader) };
        break;
      default:
        skipField(reader, header, 0x3fe);
        if (known === 0) value = { kind: "unknown", value: header >> 4 };
    }
  }
  if (value === undefined || known > 1) throw new ThriftError("union", "PushDown");
  return value;
}

/** The bytes of one PushDown. @throws ThriftError `range` where a number does not fit its type. */
export function encodePushDown(value: WritablePushDown): Uint8Array<ArrayBuffer> {
  return encode(value, writePushDown);
}

/** Reads one PushDown that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodePushDown(bytes: Uint8Array): PushDown {
  return decode(bytes, readPushDown);
}

/** Comes back as it was sent: measures a link, and proves that a channel is only a number. */
export interface Echo {
  readonly nonce: number;
  readonly data?: Uint8Array;
}

function writeEcho(writer: Writer, value: Echo): void {
  writeByte(writer, 0x16); writeI64(writer, value.nonce);
  if (value.data !== undefined) { writeByte(writer, 0x18); writeBinary(writer, value.data); }
  writeByte(writer, 0);
}

function readEcho(reader: Reader): Echo {
  let nonce_: number | undefined;
  let data_: Uint8Array | undefined;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x16:
        nonce_ = readI64(reader);
        break;
      case 0x28:
        data_ = readBinary(reader);
        break;
      default:
        skipField(reader, header, 0x6);
    }
  }
  if (nonce_ === undefined) throw new ThriftError("missing", "Echo");
  const value: { -readonly [K in keyof Echo]: Echo[K] } = { nonce: nonce_ };
  if (data_ !== undefined) value.data = data_;
  return value;
}

/** The bytes of one Echo. @throws ThriftError `range` where a number does not fit its type. */
export function encodeEcho(value: Echo): Uint8Array<ArrayBuffer> {
  return encode(value, writeEcho);
}

/** Reads one Echo that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeEcho(bytes: Uint8Array): Echo {
  return decode(bytes, readEcho);
}
