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
/** Envelope.channel of a sender link: what app servers send, and its results. The only channel of its socket. */
const i16 CHANNEL_SEND = 3

/** The link protocol revision that this IDL describes; sent in Hello. */
const i32 PROTOCOL_REVISION = 1

/** One WebSocket message: a channel and that channel's frame, itself a compact struct. */
struct Envelope {
  1: required i16 channel
  2: required binary body
}

/** Messages of one priority keep their order; a higher priority may overtake a lower one. */
enum Priority {
  HIGH = 1
  NORMAL = 2
  LOW = 3
}

/** The form in which the sender gave the data, and in which the app gets it. */
enum ContentType {
  /**
   * UTF-8 JSON text of an object. Data that begins with the byte 0xFF, which UTF-8 never has, is encrypted to the key of the
   * registration: see docs/protocol.md, section 7.
   */
  JSON = 1
  /** UTF-8 text. */
  TEXT = 2
  /** Bytes. */
  BINARY = 3
}

// ---------------------------------------------------------------- channel 0

/** The position of a registration in the broadcasts of one tag. */
struct Cursor {
  1: required i32 slot
  /** Broadcast.tagRef. */
  2: required i32 tagRef
  /** Broadcast.position of the last broadcast that the app has. */
  3: required i64 position
  /** Positions of broadcasts on this socket that were dropped because their time was over; the app did not get them. */
  4: optional list<i64> discarded
}

/** First frame of a device, once per socket, within the hello timeout. */
struct Hello {
  1: required i32 revision
  /** The highest Message.seq or Sealed.number that this device ever received, at least for the slots of `attach`; the mesh continues numbering above it. */
  2: optional i64 lastSeq
  /** Slots whose app is listening now; only these receive messages. */
  3: optional list<i32> attach
  /** Free text for logs: SDK name and version. At most 64 bytes. */
  4: optional string agent
  /** The session of the last Welcome, if the device resumes. */
  5: optional binary session
  /** The device's positions in its tags. Tags that it does not name continue from what the mesh remembers. */
  6: optional list<Cursor> cursors
}

/** A registration the mesh holds for this device. */
struct Registration {
  1: required i32 slot
  2: required string appId
  3: required string regId
  /**
   * Opaque, the same for the life of the registration, and unique on this device. A change of the mesh's keys gives a
   * registration another regId; this says that it is the same one. A mesh of an older version does not send it.
   */
  4: optional string identity
  /**
   * The registration has to be renewed by a grant before it receives anything: Attach is refused, and its messages wait. Absent
   * for false.
   */
  5: optional bool lapsed
  /**
   * The epoch of the key with which the mesh seals what it sends to this registration: see Sealed. Absent: it has none, and waits
   * for a setup if it had one.
   */
  6: optional i32 epoch
  /** With `epoch`: shows that whoever has that key says that this is its regId. 16 bytes; see docs/protocol.md, section 9. */
  7: optional binary proof
  /** The settings that the mesh has of this registration, as a hash: see SetDelivery. Absent: none. */
  8: optional i32 delivery
}

/** The app's server removed the registration: it has ended, and the device must not register again by itself. */
struct Removed {
  1: required i32 slot
  /** `removed` (230), or `banned` (231) if the device may not register for this app yet. Codes: docs/errors.md. */
  2: required i32 code
  3: required string name
  4: required string message
  5: required string appId
  /** Of `banned`: how long it lasts. */
  6: optional i64 retryAfterMs
}

/** Answer to Hello. All times are milliseconds. */
struct Welcome {
  /** 16 random bytes that identify this session. */
  1: required binary session
  /** Clock of the mesh, milliseconds since 1970. */
  2: required i64 serverTimeMs
  /** Bounds and first value of the heartbeat interval. */
  3: required i32 heartbeatMinMs
  4: required i32 heartbeatMaxMs
  5: required i32 heartbeatMs
  /** Full-jitter reconnect window: its first value, and the maximum to which it doubles. */
  6: required i32 reconnectBaseMs
  7: required i32 reconnectMaxMs
  /** Largest WebSocket message either side may send, in bytes. */
  8: required i32 maxFrameBytes
  /** The registrations the mesh holds for this device. */
  9: required list<Registration> registrations
  /** Hello.session is the session before this one: no other link was opened in between. */
  10: required bool resumed
  /** Window of the first reconnect after an established link was closed; `reconnectBaseMs` if absent. */
  11: optional i32 reconnectFirstMs
  /** Registrations that app servers removed, until the app registers again. Absent for none. */
  12: optional list<Removed> removed
}

/** The mesh refuses one frame or command; the link stays up. Codes: docs/errors.md. */
struct Refusal {
  1: required i32 code
  2: required string name
  3: required string message
  /** The request that the refusal answers, if there was one. */
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

/**
 * Agrees on the key of an epoch by HPKE (RFC 9180: base mode, X25519, HKDF-SHA256, AES-256-GCM). The app is the sender, one of the
 * mesh's keys (GET /v1/link-keys) the recipient. See docs/protocol.md, section 9.
 */
struct KeySetup {
  /** The mesh's key. */
  1: required i32 kid
  /** The encapsulated key: 32 bytes. */
  2: required binary enc
  /** From 1; the app counts the epochs of a registration. */
  3: required i32 epoch
}

/**
 * Registers an app on this device. The answer is Registered or a Refusal with this request. An app that is registered keeps its
 * registration; a grant then renews it.
 */
struct Register {
  1: required i32 request
  2: required string appId
  /** A grant of the app's server: a compact JWS. Required unless the app is open. */
  3: optional string grant
  /** From now on, the mesh seals what it sends to the registration. */
  4: optional KeySetup setup
  /** Instead of `grant`: the grant, sealed as the first message of the HPKE context of `setup`, without associated data. */
  5: optional binary sealedGrant
}

/**
 * Begins an epoch of a registration. Must come in Sealed if the mesh has a key of the registration. The answer is Done or a Refusal.
 */
struct SetKey {
  1: required i32 request
  2: required i32 slot
  3: required KeySetup setup
}

/**
 * A frame that only the registration's app and the mesh can read: AES-256-GCM with the key of the epoch and of the direction. The
 * associated data binds it to direction, registration, epoch, number, and, of a device, to the session. See docs/protocol.md,
 * section 9.
 */
struct Sealed {
  1: required i32 slot
  2: required i32 epoch
  /** Of the mesh: rises for the life of the device. Of the device: rises within a session, for each slot. */
  3: required i64 number
  /** A random nonce of 12 bytes, the ciphertext of a PushUp or PushDown, the tag of 16 bytes. */
  4: required binary body
  /** The request inside, so that a Refusal can name it. */
  5: optional i32 request
}

/** Renews the grant of a registration, which is then attached if its app listens. The answer is Done or a Refusal. */
struct Grant {
  1: required i32 request
  2: required i32 slot
  /** As Register.grant. */
  3: required string grant
}

/** Ends a registration: its regId answers `unregistered`, its mail is dropped. */
struct Unregister {
  1: required i32 request
  2: required i32 slot
}

/** The app of this slot listens from now on: the mesh replays its mailbox, then sends new messages. */
struct Attach {
  1: required i32 slot
}

/** The app of this slot stops listening; its messages wait. */
struct Detach {
  1: required i32 slot
}

/**
 * Cumulative acknowledgement: the device is done with every message of this slot
 * and priority that was sent on this socket up to and including `seq`. Those that
 * `discarded` names did not reach the app; the others did.
 */
struct Ack {
  1: required i32 slot
  2: required Priority priority
  /** 0 if the frame only says what was discarded. */
  3: required i64 seq
  /**
   * Messages of the lane on this socket that were dropped because their time was over or they were withdrawn. May be above
   * `seq` if a message before them is not done yet.
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

/** A button of a notification. */
struct NotificationAction {
  /** Names it in the report of a click. */
  1: required string action
  2: required string title
  3: optional string icon
  /** What a click on it opens, instead of Notification.url. */
  4: optional string url
}

/** What to show the user. Without a title it only sets the badge. URLs are https or relative to the app. */
struct Notification {
  1: optional string title
  2: optional string body
  3: optional string icon
  4: optional string image
  /** What a click opens. */
  5: optional string url
  /** The number on the app's icon; 0 removes it. */
  6: optional i32 badge
  7: optional list<NotificationAction> actions
}

/** One message to one registration. */
struct Message {
  1: required i32 slot
  /** Hybrid-clock sequence: (ms since 2024-01-01T00:00:00Z) * 4096 + counter. Increases within a lane. */
  2: required i64 seq
  /** 9 bytes; two messages of one registration with the same key are the same message. */
  3: required binary key
  4: required Priority priority
  5: required ContentType contentType
  6: required binary data
  /** Milliseconds since 1970 after which the message must not be shown; absent for ttl 0. */
  7: optional i64 expiresAtMs
  8: optional string collapseKey
  /** True if the mesh may have sent it before on another socket. */
  9: optional bool replay
  /**
   * Milliseconds from the receipt, on a monotonic clock, after which the message must not be passed to the app. Replaces
   * expiresAtMs if present. 0: only a device that has it already acknowledges it.
   */
  10: optional i64 remainingMs
  /** If remainingMs is 0: 32-bit FNV-1a of the data as first sent, because the data may be left out here. */
  11: optional i32 dataHash
  12: optional Notification notification
  /** The device reports what happens to it: see DeviceEvents. Absent for false. */
  13: optional bool report
  /** The number in the message ID, if it is not `seq`: that of the acceptance of a message that was held until now. */
  14: optional i64 idSeq
}

/** Messages in the order in which to pass them to the app. */
struct Deliver {
  1: required list<Message> messages
}

/** Adds tags to a registration and removes others, all or nothing. The answer is Done or a Refusal. */
struct Subscribe {
  1: required i32 request
  2: required i32 slot
  /** Tags to join; tags that are joined already stay as they are. */
  3: required list<string> add
  /** Tags to leave; it is not an error if they are not joined. */
  4: required list<string> remove
}

/** Gives the registration an alias, or takes it away. The answer is Done or a Refusal. */
struct SetAlias {
  1: required i32 request
  2: required i32 slot
  3: required string alias
  /** False takes it away; it is not an error if it is not held. */
  4: required bool held
  /** True if several registrations may hold it together; otherwise the last setter has it alone. */
  5: optional bool shared
}

/** A custom attribute. */
struct Attribute {
  1: required string name
  2: required string value
}

/** Attributes that broadcasts can filter by; replaces all earlier ones. The answer is Done or a Refusal. */
struct Report {
  1: required i32 request
  2: required i32 slot
  /** For example "android", "ios" or "web"; lower case. */
  3: optional string platform
  /** Numbers separated by dots. */
  4: optional string appVersion
  /** BCP 47 language tag. */
  5: optional string locale
  6: optional list<Attribute> attributes
}

/**
 * A message to the app's server, which gets it by a webhook at most once for each key of a registration. The answer is Done when the mesh has
 * stored it, or a Refusal.
 */
struct Upstream {
  1: required i32 request
  2: required i32 slot
  /** 1 to 32 bytes. */
  3: required binary key
  4: required ContentType contentType
  5: required binary data
}

/** Asks for the tags and aliases of a registration. The answer is Described or a Refusal. */
struct Describe {
  1: required i32 request
  2: required i32 slot
}

/**
 * Publishes the key to which app servers encrypt messages for the registration (RFC 8291), and replaces an earlier one. Both
 * fields empty: withdraws it. It ends with the registration. The answer is Done or a Refusal.
 */
struct PublishKey {
  1: required i32 request
  2: required i32 slot
  /** P-256, uncompressed: 65 bytes. */
  3: required binary publicKey
  /** The authentication secret: 16 bytes. */
  4: required binary auth
}

/** A time of the week in which messages are sent to the registration, in the time zone of the device. */
struct AcceptTime {
  /** The days on which it begins: bit 0 is Monday, bit 6 Sunday. */
  1: required i32 days
  /** Minutes of the day: from 0 to 1439, and to 1440. An end that is not above the beginning is on the next day. */
  2: required i32 startMinute
  3: required i32 endMinute
}

/**
 * Sets how the mesh sends to the registration, and replaces all earlier settings. The answer is Done or a Refusal. Its hash in
 * Registration.delivery is the FNV-1a of compact JSON: [paused, [[days, startMinute, endMinute], …], timeZone or null, presence], with
 * a fifth element, true, if `silenced`.
 */
struct SetDelivery {
  1: required i32 request
  2: required i32 slot
  /** Nothing is sent; messages wait, and their time runs on. */
  3: optional bool paused
  /** Messages outside these times wait, except those sent with `ignoreQuietHours`. Absent or empty: at any time. At most 16. */
  4: optional list<AcceptTime> accept
  /** IANA name of the device's time zone; also for messages that are scheduled in local time. */
  5: optional string timeZone
  /** The app's server may see when the device was last connected. */
  6: optional bool presence
  /** The user lets the app show no notifications. Messages come as before; the app's server is told. */
  7: optional bool silenced
}

/** The command of this request was carried out, durably. */
struct Done {
  1: required i32 request
}

struct Described {
  1: required i32 request
  2: required list<string> tags
  3: required list<string> aliases
  /** True if another Described of this request follows: the tags and aliases may not fit in one frame. */
  4: optional bool more
}

/** One broadcast of a tag, to one registration in it. */
struct Broadcast {
  1: required i32 slot
  /** Identifies the tag in cursors as long as the registration is in it; never reused for another tag. */
  2: required i32 tagRef
  /** The tag; empty for the built-in tag of all devices. */
  3: required string tag
  /** Position in the tag's log; increases within a tag. */
  4: required i64 position
  /** Like Message.seq, but of the tag: it says when the broadcast was accepted, and orders nothing else. */
  5: required i64 seq
  /** Like Message.key. */
  6: required binary key
  /** The part of the message ID after its dot. */
  7: required string source
  8: required Priority priority
  9: required ContentType contentType
  10: required binary data
  /** Like Message.expiresAtMs. */
  11: optional i64 expiresAtMs
  12: optional string collapseKey
  /** Like Message.remainingMs. */
  13: optional i64 remainingMs
  14: optional Notification notification
  /** As Message.report. */
  15: optional bool report
}

/** Broadcasts in the order in which to pass them to the app. They are acknowledged by cursors, not by acks. */
struct Broadcasts {
  1: required list<Broadcast> broadcasts
}

/**
 * Another device of a shared alias took the message, its time is over, or its sender recalls it: do not pass it to the app if it was
 * not passed yet. A device that drops it says so at once with Ack.discarded.
 */
struct Withdraw {
  1: required i32 slot
  /** Message.key. */
  2: required binary key
  /**
   * Its sender recalls it: an app that has it takes it off the display. Unless the device says that it dropped it, it answers with
   * a DeviceEvent, `RECALLED` or `UNKNOWN`. Absent for false.
   */
  3: optional bool recall
  /** With `recall`: Message.seq or Broadcast.seq. */
  4: optional i64 seq
  /** With `recall`, of a broadcast: Broadcast.source. */
  5: optional string source
}

/** What happened on the device to a message. */
enum DeviceEventKind {
  /** The user can see it. */
  SHOWN = 1
  CLICKED = 2
  /** The user has put it away. */
  DISMISSED = 3
  /** The app had it, and was told that its sender recalls it. */
  RECALLED = 4
  /** Its sender recalls it, and the device does not know it, or not any more. */
  UNKNOWN = 5
}

struct DeviceEvent {
  1: required DeviceEventKind kind
  /** Message.key, or Broadcast.key. */
  2: required binary key
  3: required i64 seq
  /** Of a broadcast: Broadcast.source. */
  4: optional string source
  /** Milliseconds since it happened, as the device measures them. Absent for 0. */
  5: optional i64 agoMs
  /** Of CLICKED: the action of the notification. At most 64 bytes. */
  6: optional string action
  /** Of RECALLED: milliseconds since the app got the message, if the device knows. */
  7: optional i64 takenAgoMs
}

/** Events of messages with `report`, and answers to recalls. The answer is Done or a Refusal; until then the device keeps them. */
struct DeviceEvents {
  1: required i32 request
  2: required i32 slot
  /** The mesh ignores those after the first 64. */
  3: required list<DeviceEvent> events
}

/** Another registration took an alias that this one held; this one no longer holds it. */
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
  11: Grant grant
  12: PublishKey publishKey
  13: SetKey setKey
  /** Of a registration with an epoch: every command but Register, Attach and Detach. */
  14: Sealed sealed
  15: SetDelivery delivery
  16: DeviceEvents events
  17: Upstream upstream
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
  10: Removed removed
  /** To a registration with an epoch: Deliver, Described, Broadcasts, Withdraw and AliasLost. */
  11: Sealed sealed
}

// ---------------------------------------------------------------- channel 2

/** Echoed unchanged: measures a link, and proves that a channel is only a number. */
struct Echo {
  1: required i64 nonce
  2: optional binary data
}

// ---------------------------------------------------------------- channel 3

/** What the mesh says of a message that it took: the statuses of docs/api.md. All are final but QUEUED and SENT. */
enum SendStatus {
  DELIVERED = 1
  QUEUED = 2
  SENT = 3
  EXPIRED = 4
  RECALLED = 5
  COLLAPSED = 6
  OVERFLOWED = 7
  UNREGISTERED = 8
  FILTERED = 9
}

/** First frame of an app server on a sender link, once per socket, within the hello timeout. */
struct SenderHello {
  /** PROTOCOL_REVISION. */
  1: required i32 revision
  /** Free text for logs: SDK name and version. At most 64 bytes. */
  2: optional string agent
}

/** What a sender may have under way: sends without a result, and the bytes of their content. More close the link. */
struct SendCredit {
  1: required i32 sends
  2: required i32 bytes
}

/** Answer to SenderHello. All times are milliseconds. */
struct SenderWelcome {
  /** Clock of the mesh, milliseconds since 1970. */
  1: required i64 serverTimeMs
  /** How long the sender may be silent before it sends `ping`. */
  2: required i32 heartbeatMs
  /** Largest WebSocket message either side may send, in bytes. */
  3: required i32 maxFrameBytes
  4: required SendCredit credit
  /** Full-jitter reconnect window: its first value, and the maximum to which it doubles. */
  5: required i32 reconnectBaseMs
  6: required i32 reconnectMaxMs
}

/** What is sent, whatever its target. Its bytes are what a repeated send must repeat. */
struct SendContent {
  1: required ContentType contentType
  2: required binary data
  /** How long the message may wait for the device, seconds; 0 means now or never. Default: the longest. */
  3: optional i32 ttl
  /** Default: NORMAL. */
  4: optional Priority priority
  /** A newer message with the same key replaces an older one that is still queued. */
  5: optional string collapseKey
  /** True: a full mailbox refuses the message. Default: it drops its oldest. */
  6: optional bool rejectOnOverflow
  /** `data` is encrypted to the key of the registration: a body of RFC 8291 (aes128gcm). `contentType` is then BINARY. */
  7: optional bool encrypted
  /** A JSON object of further members of the body of POST /v1/messages (docs/api.md), for what has no field here. */
  8: optional string options
}

/** One send: on a sender link, and as the body of POST /v1/messages with content type application/vnd.apache.thrift.compact. */
struct Send {
  /** Any number that no send under way has; its SendResult has it. Not read from the body of a request. */
  1: required i32 request
  /** A regId, or the JSON text of another target of POST /v1/messages, such as `{"alias":"alice"}`. */
  2: required string to
  /** A SendContent in compact protocol. */
  3: required binary content
  /** 1 to 128 visible ASCII characters, as the header Idempotency-Key, which a request has instead. */
  4: optional binary idempotencyKey
  /** How long to wait for the device's acknowledgement; 0 answers once the message is durable. Default 5,000, at most 20,000. */
  5: optional i32 waitMs
}

/** The end of a send: exactly one of `status`, `answer` and `problem`. */
struct SendResult {
  1: required i32 request
  /** Of a message to one registration. */
  2: optional SendStatus status
  /** With `status`: 16 bytes. In base32hex (RFC 4648, in lower case, without padding), followed by a dot and the regId, they are the message ID. */
  3: optional binary id
  /** Milliseconds from the arrival of the send to this result. */
  4: optional i32 tookMs
  /** Of a send to another target, and of a message that is held until its `sendAt`: the JSON body of the answer that POST /v1/messages gives. */
  5: optional binary answer
  /** Refused: the problem document (RFC 9457) that POST /v1/messages answers with. */
  6: optional binary problem
  /** With `problem`: wait this long before the same send again. */
  7: optional i32 retryAfterMs
}

union SendUp {
  1: SenderHello hello
  /** In the order in which to send them. */
  2: list<Send> sends
}

union SendDown {
  1: SenderWelcome welcome
  /** In any order. */
  2: list<SendResult> results
  /** From now on; never less than before. */
  3: SendCredit credit
  /** The mesh closes the link once all results are out, or after a few seconds: send no more on it, and open another within the window. */
  4: Goaway goaway
}
