// Made by scripts/generate-schema.ts from schema/link.thrift. Do not edit: run that again.
// The number of a struct has a bit per ID of its required fields.

import { decode } from "../codec/reader.ts";
import { type Shape, BINARY, BOOL, I16, I32, I64, STRING, enumeration, list, struct, union } from "../codec/shape.ts";
import { encode } from "../codec/writer.ts";
import { type Envelope, type Cursor, type Hello, type Registration, type Welcome, type Refusal, type Goaway, type LinkUp, type WritableLinkUp, type LinkDown, type WritableLinkDown, type Register, type Unregister, type Attach, type Detach, type Ack, type Registered, type Unregistered, type Message, type Deliver, type Subscribe, type SetAlias, type Attribute, type Report, type Describe, type Done, type Described, type Broadcast, type Broadcasts, type Withdraw, type AliasLost, type PushUp, type WritablePushUp, type PushDown, type WritablePushDown, type Echo, Priority, ContentType } from "./link.ts";

const EnvelopeShape: Shape<Envelope> = /* @__PURE__ */ struct<Envelope>(0x6, {
  channel: I16,
  body: BINARY,
});

export const encodeEnvelope = (value: Envelope): Uint8Array<ArrayBuffer> =>
  encode(value, EnvelopeShape[2]);
export const decodeEnvelope = (bytes: Uint8Array): Envelope => decode(bytes, EnvelopeShape[1]);

const PriorityShape: Shape<Priority> = /* @__PURE__ */ enumeration(Priority);

const ContentTypeShape: Shape<ContentType> = /* @__PURE__ */ enumeration(ContentType);

const CursorShape: Shape<Cursor> = /* @__PURE__ */ struct<Cursor>(0xe, {
  slot: I32,
  tagRef: I32,
  position: I64,
  discarded: /* @__PURE__ */ list(I64),
});

export const encodeCursor = (value: Cursor): Uint8Array<ArrayBuffer> =>
  encode(value, CursorShape[2]);
export const decodeCursor = (bytes: Uint8Array): Cursor => decode(bytes, CursorShape[1]);

const HelloShape: Shape<Hello> = /* @__PURE__ */ struct<Hello>(0x2, {
  revision: I32,
  lastSeq: I64,
  attach: /* @__PURE__ */ list(I32),
  agent: STRING,
  session: BINARY,
  cursors: /* @__PURE__ */ list(CursorShape),
});

export const encodeHello = (value: Hello): Uint8Array<ArrayBuffer> =>
  encode(value, HelloShape[2]);
export const decodeHello = (bytes: Uint8Array): Hello => decode(bytes, HelloShape[1]);

const RegistrationShape: Shape<Registration> = /* @__PURE__ */ struct<Registration>(0xe, {
  slot: I32,
  appId: STRING,
  regId: STRING,
  identity: STRING,
});

export const encodeRegistration = (value: Registration): Uint8Array<ArrayBuffer> =>
  encode(value, RegistrationShape[2]);
export const decodeRegistration = (bytes: Uint8Array): Registration => decode(bytes, RegistrationShape[1]);

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
});

export const encodeWelcome = (value: Welcome): Uint8Array<ArrayBuffer> =>
  encode(value, WelcomeShape[2]);
export const decodeWelcome = (bytes: Uint8Array): Welcome => decode(bytes, WelcomeShape[1]);

const RefusalShape: Shape<Refusal> = /* @__PURE__ */ struct<Refusal>(0xe, {
  code: I32,
  name: STRING,
  message: STRING,
  request: I32,
  retryAfterMs: I32,
});

export const encodeRefusal = (value: Refusal): Uint8Array<ArrayBuffer> =>
  encode(value, RefusalShape[2]);
export const decodeRefusal = (bytes: Uint8Array): Refusal => decode(bytes, RefusalShape[1]);

const GoawayShape: Shape<Goaway> = /* @__PURE__ */ struct<Goaway>(0x6, {
  reason: STRING,
  reconnectWithinMs: I32,
});

export const encodeGoaway = (value: Goaway): Uint8Array<ArrayBuffer> =>
  encode(value, GoawayShape[2]);
export const decodeGoaway = (bytes: Uint8Array): Goaway => decode(bytes, GoawayShape[1]);

const LinkUpShape: Shape<LinkUp, WritableLinkUp> = /* @__PURE__ */ union<LinkUp, WritableLinkUp>({
  hello: HelloShape,
});

export const encodeLinkUp = (value: WritableLinkUp): Uint8Array<ArrayBuffer> =>
  encode(value, LinkUpShape[2]);
export const decodeLinkUp = (bytes: Uint8Array): LinkUp => decode(bytes, LinkUpShape[1]);

const LinkDownShape: Shape<LinkDown, WritableLinkDown> = /* @__PURE__ */ union<LinkDown, WritableLinkDown>({
  welcome: WelcomeShape,
  refusal: RefusalShape,
  goaway: GoawayShape,
});

export const encodeLinkDown = (value: WritableLinkDown): Uint8Array<ArrayBuffer> =>
  encode(value, LinkDownShape[2]);
export const decodeLinkDown = (bytes: Uint8Array): LinkDown => decode(bytes, LinkDownShape[1]);

const RegisterShape: Shape<Register> = /* @__PURE__ */ struct<Register>(0x6, {
  request: I32,
  appId: STRING,
});

export const encodeRegister = (value: Register): Uint8Array<ArrayBuffer> =>
  encode(value, RegisterShape[2]);
export const decodeRegister = (bytes: Uint8Array): Register => decode(bytes, RegisterShape[1]);

const UnregisterShape: Shape<Unregister> = /* @__PURE__ */ struct<Unregister>(0x6, {
  request: I32,
  slot: I32,
});

export const encodeUnregister = (value: Unregister): Uint8Array<ArrayBuffer> =>
  encode(value, UnregisterShape[2]);
export const decodeUnregister = (bytes: Uint8Array): Unregister => decode(bytes, UnregisterShape[1]);

const AttachShape: Shape<Attach> = /* @__PURE__ */ struct<Attach>(0x2, {
  slot: I32,
});

export const encodeAttach = (value: Attach): Uint8Array<ArrayBuffer> =>
  encode(value, AttachShape[2]);
export const decodeAttach = (bytes: Uint8Array): Attach => decode(bytes, AttachShape[1]);

const DetachShape: Shape<Detach> = /* @__PURE__ */ struct<Detach>(0x2, {
  slot: I32,
});

export const encodeDetach = (value: Detach): Uint8Array<ArrayBuffer> =>
  encode(value, DetachShape[2]);
export const decodeDetach = (bytes: Uint8Array): Detach => decode(bytes, DetachShape[1]);

const AckShape: Shape<Ack> = /* @__PURE__ */ struct<Ack>(0xe, {
  slot: I32,
  priority: PriorityShape,
  seq: I64,
  discarded: /* @__PURE__ */ list(I64),
});

export const encodeAck = (value: Ack): Uint8Array<ArrayBuffer> =>
  encode(value, AckShape[2]);
export const decodeAck = (bytes: Uint8Array): Ack => decode(bytes, AckShape[1]);

const RegisteredShape: Shape<Registered> = /* @__PURE__ */ struct<Registered>(0x6, {
  request: I32,
  registration: RegistrationShape,
});

export const encodeRegistered = (value: Registered): Uint8Array<ArrayBuffer> =>
  encode(value, RegisteredShape[2]);
export const decodeRegistered = (bytes: Uint8Array): Registered => decode(bytes, RegisteredShape[1]);

const UnregisteredShape: Shape<Unregistered> = /* @__PURE__ */ struct<Unregistered>(0x6, {
  request: I32,
  slot: I32,
});

export const encodeUnregistered = (value: Unregistered): Uint8Array<ArrayBuffer> =>
  encode(value, UnregisteredShape[2]);
export const decodeUnregistered = (bytes: Uint8Array): Unregistered => decode(bytes, UnregisteredShape[1]);

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
});

export const encodeMessage = (value: Message): Uint8Array<ArrayBuffer> =>
  encode(value, MessageShape[2]);
export const decodeMessage = (bytes: Uint8Array): Message => decode(bytes, MessageShape[1]);

const DeliverShape: Shape<Deliver> = /* @__PURE__ */ struct<Deliver>(0x2, {
  messages: /* @__PURE__ */ list(MessageShape),
});

export const encodeDeliver = (value: Deliver): Uint8Array<ArrayBuffer> =>
  encode(value, DeliverShape[2]);
export const decodeDeliver = (bytes: Uint8Array): Deliver => decode(bytes, DeliverShape[1]);

const SubscribeShape: Shape<Subscribe> = /* @__PURE__ */ struct<Subscribe>(0x1e, {
  request: I32,
  slot: I32,
  add: /* @__PURE__ */ list(STRING),
  remove: /* @__PURE__ */ list(STRING),
});

export const encodeSubscribe = (value: Subscribe): Uint8Array<ArrayBuffer> =>
  encode(value, SubscribeShape[2]);
export const decodeSubscribe = (bytes: Uint8Array): Subscribe => decode(bytes, SubscribeShape[1]);

const SetAliasShape: Shape<SetAlias> = /* @__PURE__ */ struct<SetAlias>(0x1e, {
  request: I32,
  slot: I32,
  alias: STRING,
  held: BOOL,
  shared: BOOL,
});

export const encodeSetAlias = (value: SetAlias): Uint8Array<ArrayBuffer> =>
  encode(value, SetAliasShape[2]);
export const decodeSetAlias = (bytes: Uint8Array): SetAlias => decode(bytes, SetAliasShape[1]);

const AttributeShape: Shape<Attribute> = /* @__PURE__ */ struct<Attribute>(0x6, {
  name: STRING,
  value: STRING,
});

export const encodeAttribute = (value: Attribute): Uint8Array<ArrayBuffer> =>
  encode(value, AttributeShape[2]);
export const decodeAttribute = (bytes: Uint8Array): Attribute => decode(bytes, AttributeShape[1]);

const ReportShape: Shape<Report> = /* @__PURE__ */ struct<Report>(0x6, {
  request: I32,
  slot: I32,
  platform: STRING,
  appVersion: STRING,
  locale: STRING,
  attributes: /* @__PURE__ */ list(AttributeShape),
});

export const encodeReport = (value: Report): Uint8Array<ArrayBuffer> =>
  encode(value, ReportShape[2]);
export const decodeReport = (bytes: Uint8Array): Report => decode(bytes, ReportShape[1]);

const DescribeShape: Shape<Describe> = /* @__PURE__ */ struct<Describe>(0x6, {
  request: I32,
  slot: I32,
});

export const encodeDescribe = (value: Describe): Uint8Array<ArrayBuffer> =>
  encode(value, DescribeShape[2]);
export const decodeDescribe = (bytes: Uint8Array): Describe => decode(bytes, DescribeShape[1]);

const DoneShape: Shape<Done> = /* @__PURE__ */ struct<Done>(0x2, {
  request: I32,
});

export const encodeDone = (value: Done): Uint8Array<ArrayBuffer> =>
  encode(value, DoneShape[2]);
export const decodeDone = (bytes: Uint8Array): Done => decode(bytes, DoneShape[1]);

const DescribedShape: Shape<Described> = /* @__PURE__ */ struct<Described>(0xe, {
  request: I32,
  tags: /* @__PURE__ */ list(STRING),
  aliases: /* @__PURE__ */ list(STRING),
  more: BOOL,
});

export const encodeDescribed = (value: Described): Uint8Array<ArrayBuffer> =>
  encode(value, DescribedShape[2]);
export const decodeDescribed = (bytes: Uint8Array): Described => decode(bytes, DescribedShape[1]);

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
});

export const encodeBroadcast = (value: Broadcast): Uint8Array<ArrayBuffer> =>
  encode(value, BroadcastShape[2]);
export const decodeBroadcast = (bytes: Uint8Array): Broadcast => decode(bytes, BroadcastShape[1]);

const BroadcastsShape: Shape<Broadcasts> = /* @__PURE__ */ struct<Broadcasts>(0x2, {
  broadcasts: /* @__PURE__ */ list(BroadcastShape),
});

export const encodeBroadcasts = (value: Broadcasts): Uint8Array<ArrayBuffer> =>
  encode(value, BroadcastsShape[2]);
export const decodeBroadcasts = (bytes: Uint8Array): Broadcasts => decode(bytes, BroadcastsShape[1]);

const WithdrawShape: Shape<Withdraw> = /* @__PURE__ */ struct<Withdraw>(0x6, {
  slot: I32,
  key: BINARY,
});

export const encodeWithdraw = (value: Withdraw): Uint8Array<ArrayBuffer> =>
  encode(value, WithdrawShape[2]);
export const decodeWithdraw = (bytes: Uint8Array): Withdraw => decode(bytes, WithdrawShape[1]);

const AliasLostShape: Shape<AliasLost> = /* @__PURE__ */ struct<AliasLost>(0x6, {
  slot: I32,
  alias: STRING,
});

export const encodeAliasLost = (value: AliasLost): Uint8Array<ArrayBuffer> =>
  encode(value, AliasLostShape[2]);
export const decodeAliasLost = (bytes: Uint8Array): AliasLost => decode(bytes, AliasLostShape[1]);

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
});

export const encodePushUp = (value: WritablePushUp): Uint8Array<ArrayBuffer> =>
  encode(value, PushUpShape[2]);
export const decodePushUp = (bytes: Uint8Array): PushUp => decode(bytes, PushUpShape[1]);

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
});

export const encodePushDown = (value: WritablePushDown): Uint8Array<ArrayBuffer> =>
  encode(value, PushDownShape[2]);
export const decodePushDown = (bytes: Uint8Array): PushDown => decode(bytes, PushDownShape[1]);

const EchoShape: Shape<Echo> = /* @__PURE__ */ struct<Echo>(0x2, {
  nonce: I64,
  data: BINARY,
});

export const encodeEcho = (value: Echo): Uint8Array<ArrayBuffer> =>
  encode(value, EchoShape[2]);
export const decodeEcho = (bytes: Uint8Array): Echo => decode(bytes, EchoShape[1]);
