/**
 * The device link: everything a device and the mesh say to each other over one
 * WebSocket. Every binary WebSocket message is exactly one Envelope in Thrift
 * compact protocol. See docs/protocol.md for the rules; this file is the source
 * of truth for the shapes.
 *
 * Field IDs are never reused, new fields are optional, and a reader skips
 * fields it does not know.
 */
namespace js pushmesh.link
namespace py pushmesh.link

/** Envelope.channel of the link itself: hello, welcome, errors. */
const i16 CHANNEL_LINK = 0
/** Envelope.channel of push: registrations, messages, acknowledgements. */
const i16 CHANNEL_PUSH = 1
/** Envelope.channel of the diagnostic echo. */
const i16 CHANNEL_ECHO = 2

/** The link protocol revision that this IDL describes; sent in Hello. */
const i32 PROTOCOL_REVISION = 1

/** One WebSocket message: a channel and that channel's frame, itself a compact struct. */
struct Envelope {
  1: required i16 channel
  2: required binary body
}

/** Delivery order is kept within a lane; a higher lane may overtake a lower one. */
enum Priority {
  HIGH = 1
  NORMAL = 2
  LOW = 3
}

/** How the sender gave the data, and so how the app wants it back. */
enum ContentType {
  /** UTF-8 JSON text of an object. */
  JSON = 1
  /** UTF-8 text. */
  TEXT = 2
  /** Bytes. */
  BINARY = 3
}

// ---------------------------------------------------------------- channel 0

/** How far a registration has come in the broadcasts of one tag. */
struct Cursor {
  1: required i32 slot
  /** Broadcast.tagRef. */
  2: required i32 tagRef
  /** Broadcast.position of the last one that the app has taken. */
  3: required i64 position
  /** Positions of the tag that came on this socket and were dropped because their time was over; the app was given none. */
  4: optional list<i64> discarded
}

/** First frame of a device, once per socket, within the hello timeout. */
struct Hello {
  1: required i32 revision
  /** The highest Message.seq this device ever received, for the slots of `attach` at least; the mesh numbers on from above it. */
  2: optional i64 lastSeq
  /** Slots whose app is listening now; only these receive messages. */
  3: optional list<i32> attach
  /** Free text for logs: SDK name and version. At most 64 bytes. */
  4: optional string agent
  /** The session of the last Welcome, if the device resumes. */
  5: optional binary session
  /** How far the device has come in its tags. Those it does not name go on from what the mesh remembers. */
  6: optional list<Cursor> cursors
}

/** A registration the mesh holds for this device. */
struct Registration {
  1: required i32 slot
  2: required string appId
  3: required string regId
  /**
   * The same for as long as the registration lives, of no other one of this device, and opaque: a change of the mesh's keys
   * gives a registration another regId, and this says that it is the same. A mesh of an older version does not tell it.
   */
  4: optional string identity
}

/** Answer to Hello. All times are milliseconds. */
struct Welcome {
  /** 16 random bytes naming this session. */
  1: required binary session
  /** Mesh clock, milliseconds since 1970. */
  2: required i64 serverTimeMs
  /** Bounds and first value of the heartbeat interval. */
  3: required i32 heartbeatMinMs
  4: required i32 heartbeatMaxMs
  5: required i32 heartbeatMs
  /** Full-jitter reconnect window: first upper bound, and the cap it doubles to. */
  6: required i32 reconnectBaseMs
  7: required i32 reconnectMaxMs
  /** Largest WebSocket message either side may send, in bytes. */
  8: required i32 maxFrameBytes
  /** The registrations the mesh holds for this device. */
  9: required list<Registration> registrations
  /** Hello.session is the session before this one: no other link was opened in between. */
  10: required bool resumed
  /** Window of the first reconnect after a link that stood was closed; `reconnectBaseMs` where it is absent. */
  11: optional i32 reconnectFirstMs
}

/** The mesh refuses one frame or command; the link stays up. Codes: docs/errors.md. */
struct Refusal {
  1: required i32 code
  2: required string name
  3: required string message
  /** The request the refusal answers, where there was one. */
  4: optional i32 request
  /** Wait this long before the same request again. */
  5: optional i32 retryAfterMs
}

/** The mesh announces that it will close the socket soon; reconnect within the window. */
struct Goaway {
  1: required string reason
  2: required i32 reconnectWithinMs
}

union LinkUp {
  1: Hello hello
}

union LinkDown {
  1: Welcome welcome
  2: Refusal refusal
  3: Goaway goaway
}

// ---------------------------------------------------------------- channel 1

/** Registers an app on this device. The answer is Registered or a Refusal with this request. */
struct Register {
  1: required i32 request
  2: required string appId
}

/** Ends a registration: its regId answers `unregistered`, its mail is dropped. */
struct Unregister {
  1: required i32 request
  2: required i32 slot
}

/** The app of this slot listens from now on: its mailbox is replayed, then live messages follow. */
struct Attach {
  1: required i32 slot
}

/** The app of this slot listens no more; its messages queue. */
struct Detach {
  1: required i32 slot
}

/**
 * Cumulative acknowledgement: the device is done with every message of this slot
 * and priority that was sent on this socket up to and including `seq`. Those that
 * `discarded` names never reached the app, the others did.
 */
struct Ack {
  1: required i32 slot
  2: required Priority priority
  /** 0 where the frame only says what was discarded. */
  3: required i64 seq
  /**
   * Messages of the lane that came on this socket and were dropped because their time was over or they were
   * withdrawn. May be above `seq`, where a message before them is not done yet.
   */
  4: optional list<i64> discarded
}

struct Registered {
  1: required i32 request
  2: required Registration registration
}

struct Unregistered {
  1: required i32 request
  2: required i32 slot
}

/** One message to one registration. */
struct Message {
  1: required i32 slot
  /** Hybrid-clock sequence: (ms since 2024-01-01T00:00:00Z) * 4096 + counter. Rises within a lane. */
  2: required i64 seq
  /** 9 bytes; two messages of one registration with the same key are the same message. */
  3: required binary key
  4: required Priority priority
  5: required ContentType contentType
  6: required binary data
  /** Milliseconds since 1970 after which the message must not be shown; absent for ttl 0. */
  7: optional i64 expiresAtMs
  8: optional string collapseKey
  /** True where the mesh may have sent it before on another socket. */
  9: optional bool replay
  /**
   * Milliseconds from the receipt, by a clock that nobody sets, after which the message must not be handed to the app.
   * Counts in place of expiresAtMs where it is there. 0: only a device that has taken it already acknowledges it.
   */
  10: optional i64 remainingMs
  /** Where remainingMs is 0: FNV-1a of 32 bits of the data as it was sent first, for it may be left out here. */
  11: optional i32 dataHash
}

/** Messages in the order to hand to the app. */
struct Deliver {
  1: required list<Message> messages
}

/** Adds tags to a registration and takes others away, each whole or not at all. The answer is Done or a Refusal. */
struct Subscribe {
  1: required i32 request
  2: required i32 slot
  /** Tags to join; those joined already stay as they are. */
  3: required list<string> add
  /** Tags to leave; those not joined are no error. */
  4: required list<string> remove
}

/** Gives the registration an alias, or takes it away. The answer is Done or a Refusal. */
struct SetAlias {
  1: required i32 request
  2: required i32 slot
  3: required string alias
  /** False takes it away; that it is not held is no error. */
  4: required bool held
  /** True where several registrations may hold it together; else the last setter has it alone. */
  5: optional bool shared
}

/** A custom attribute. */
struct Attribute {
  1: required string name
  2: required string value
}

/** What broadcasts may be filtered by; replaces all that was reported before. The answer is Done or a Refusal. */
struct Report {
  1: required i32 request
  2: required i32 slot
  /** Such as "android", "ios", "web"; lower case. */
  3: optional string platform
  /** Numbers separated by dots. */
  4: optional string appVersion
  /** BCP 47 language tag. */
  5: optional string locale
  6: optional list<Attribute> attributes
}

/** Asks for the tags and aliases of a registration. The answer is Described or a Refusal. */
struct Describe {
  1: required i32 request
  2: required i32 slot
}

/** The command of this request is carried out, durably. */
struct Done {
  1: required i32 request
}

struct Described {
  1: required i32 request
  2: required list<string> tags
  3: required list<string> aliases
  /** True where another Described of this request follows: what a registration has may not fit in one frame. */
  4: optional bool more
}

/** One broadcast of a tag, to one registration that is in it. */
struct Broadcast {
  1: required i32 slot
  /** Names the tag in cursors, for as long as the registration is in it; never used again for another. */
  2: required i32 tagRef
  /** The tag; empty for the built-in tag of all devices. */
  3: required string tag
  /** Place in the tag's log: rises within a tag. */
  4: required i64 position
  /** As Message.seq, but of the tag: it says when the broadcast was accepted, and orders nothing else. */
  5: required i64 seq
  /** As Message.key. */
  6: required binary key
  /** The part of the message ID behind its dot. */
  7: required string source
  8: required Priority priority
  9: required ContentType contentType
  10: required binary data
  /** As Message.expiresAtMs. */
  11: optional i64 expiresAtMs
  12: optional string collapseKey
  /** As Message.remainingMs. */
  13: optional i64 remainingMs
}

/** Broadcasts in the order to hand to the app. They are acknowledged by cursors, not by acks. */
struct Broadcasts {
  1: required list<Broadcast> broadcasts
}

/**
 * Another device of a shared alias took the message, or its time is over: not to be handed to the app if it was not yet.
 * A device that drops it says so at once with Ack.discarded.
 */
struct Withdraw {
  1: required i32 slot
  /** Message.key. */
  2: required binary key
}

/** Another registration set an alias that this one held: it holds it no more. */
struct AliasLost {
  1: required i32 slot
  2: required string alias
}

union PushUp {
  1: Register register
  2: Unregister unregister
  3: Attach attach
  4: Detach detach
  /** Several lanes acknowledged in one frame. */
  5: list<Ack> acks
  6: Subscribe subscribe
  7: SetAlias setAlias
  8: Report report
  9: Describe describe
  /** Cumulative: every broadcast of the tag that was sent on this socket up to `position` has reached the app. */
  10: list<Cursor> cursors
}

union PushDown {
  1: Registered registered
  2: Unregistered unregistered
  3: Deliver deliver
  4: Refusal refusal
  5: Done done
  6: Described described
  7: Broadcasts broadcasts
  8: Withdraw withdraw
  9: AliasLost aliasLost
}

// ---------------------------------------------------------------- channel 2

/** Comes back as it was sent: measures a link, and proves that a channel is only a number. */
struct Echo {
  1: required i64 nonce
  2: optional binary data
}
