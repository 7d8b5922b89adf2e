/** The only calls that the edge and the objects make to each other. Arguments and answers are plain data. */
import type {
  AliasConfirmation,
  AliasHolders,
  AliasSetAnswer,
  AliasSetRequest,
  AliasSuspension,
  AliasUnsetRequest,
  FirstAckRequest,
  LateCommand,
  WithdrawRequest,
} from "../../core/alias/types.ts";
import type { AdmitAnswer, AdmitRequest } from "../../core/app/admission.ts";
import type { KeyRights, LiveKey } from "../../core/app/app.ts";
import type { BeginAnswer, SignedChange } from "../../core/app/changes.ts";
import type { LeaseAnswer, LeaseRequest, Quota } from "../../core/app/quota.ts";
import type {
  AliasRequest,
  DescribeAnswer,
  OpenAccountAnswer,
  OpenAccountRequest,
  RemoveAnswer,
  RemoveRequest,
  StatusAnswer,
  StatusRequest,
  TagsRequest,
} from "../../core/device/types.ts";
import type { RecallAnswer, RecallRequest } from "../../core/message/recall.ts";
import type { CommandAnswer, Refused } from "../../core/message/refusal.ts";
import type { RegistrationName } from "../../core/message/registration-name.ts";
import type { SendAnswer, SendRequest } from "../../core/message/send.ts";
import type { AuditEvent, AuditPage, AuditQuery } from "../../core/operator/audit.ts";
import type { StoredCredential } from "../../core/operator/credentials.ts";
import type {
  BroadcastAnswer,
  BroadcastRecallAnswer,
  BroadcastRecallRequest,
  BroadcastRequest,
  BroadcastStatus,
  LogEntry,
} from "../../core/tag/calls/broadcast.ts";
import type {
  DeliverAnswer,
  DeliverRequest,
  FanOutAnswer,
  FanOutRequest,
} from "../../core/tag/calls/fan-out.ts";
import type {
  LiveAccess,
  LivePublish,
  LivePublishAnswer,
  LiveReport,
  LiveReportAnswer,
  TagInfo,
} from "../../core/tag/calls/live.ts";
import type {
  AttachAnswer,
  AttachRequest,
  JoinAnswer,
  JoinRequest,
  LeaveRequest,
  NodeMembers,
} from "../../core/tag/calls/membership.ts";
import type { CountAnswer, CountReport, GoAnswer } from "../../core/tag/calls/tree.ts";
import type { TagPage, TagQuery, TagReport } from "../../core/tag/directory/directory.ts";
import type { AppPolicy } from "../../core/trust/policy.ts";
import type {
  AcceptAnswer,
  AcceptRequest,
  DeadLetterPage,
  DeadLetterQuery,
  DisabledReason,
  Endpoint,
  EndpointAnswer,
  EndpointChange,
  EndpointHealth,
  EndpointSettings,
  LabelledMessage,
  LabelQuery,
  ListedEndpoint,
  ReplayAnswer,
  ReplayRequest,
  TestAnswer,
} from "../../core/webhook/types.ts";
import type {
  AliasLine,
  AppLine,
  DevicePart,
  DirectoryLine,
  NodePart,
  OperatorsLine,
} from "../../schema/export.ts";
import type { KeyAlgorithm } from "../../schema/http/enums.ts";

/** One device: addressed by name, the base64url of its 16-byte device ID. */
export interface DeviceRpc {
  openAccount(request: OpenAccountRequest): Promise<OpenAccountAnswer>;
  send(request: SendRequest): Promise<SendAnswer>;
  status(request: StatusRequest): Promise<StatusAnswer>;
  /** Safe to repeat. */
  recall(request: RecallRequest): Promise<RecallAnswer>;
  /** Closes the link, if there is one, with `going_away`. */
  drain(): Promise<void>;
  /** From the edge, for the app server: joins and leaves tags. */
  setTags(request: TagsRequest): Promise<CommandAnswer>;
  /** From the edge, for the app server: sets or removes an alias of the registration. */
  setAlias(request: AliasRequest): Promise<CommandAnswer>;
  /** From the edge, for the app server: tags, aliases and attributes. */
  describe(request: RegistrationName): Promise<DescribeAnswer>;
  /** From the edge, for the app server: ends a registration. Safe to repeat. */
  remove(request: RemoveRequest): Promise<RemoveAnswer>;
  /** From the edge, for the app server: lets the app register again. Safe to repeat. @returns whether it was banned */
  liftBan(app: string): Promise<boolean>;
  /** From a tag's node: broadcasts for one registration. */
  deliver(request: DeliverRequest): Promise<DeliverAnswer>;
  /** From an alias object: another registration sets the alias. Safe to repeat. */
  suspendAlias(request: AliasSuspension): Promise<void>;
  /** From an alias object: another holder took the message. Safe to repeat. */
  withdraw(request: WithdrawRequest): Promise<void>;
}

/** One node of a tag's tree, the root among them: addressed by `nodeObjectName`. Every call is safe to repeat. */
export interface TagRpc {
  join(request: JoinRequest): Promise<JoinAnswer>;
  /** False if it was not a member. */
  leave(request: LeaveRequest): Promise<boolean>;
  attach(request: AttachRequest): Promise<AttachAnswer>;
  /** From the edge, in the tag of all devices. Null if the node does not exist. */
  members(): Promise<NodeMembers | null>;
  /** From the node above, or the root: see `FanOutRequest`. */
  fanOut(request: FanOutRequest): Promise<FanOutAnswer>;
  /** From a child of this node. */
  countChild(report: CountReport): Promise<CountAnswer>;
  /** From the parent: the node erases itself if it is not needed any more. */
  go(): Promise<GoAnswer>;

  // Of the root alone:
  /** Appends to the log, and answers when that is durable; `tag_unknown` if no device ever joined the tag. */
  broadcast(request: BroadcastRequest): Promise<BroadcastAnswer>;
  /** Answers when it is durable and everyone was told, or after `waitMs`; `message_not_found` if the broadcast is not remembered. */
  recall(request: BroadcastRecallRequest): Promise<BroadcastRecallAnswer>;
  /** Null if the broadcast is not remembered. */
  broadcastStatus(key: Uint8Array, seq?: number): Promise<BroadcastStatus | null>;
  /** Null if the tag was neither joined nor opened. */
  info(): Promise<TagInfo | null>;
  setLive(tag: string, access: LiveAccess): Promise<boolean>;
  reportLive(report: LiveReport): Promise<LiveReportAnswer>;
  /** From a live node: one page of entries after this position. */
  entriesAfter(position: number): Promise<readonly LogEntry[]>;
}

/** Sockets and event streams of one tag and region: addressed by `liveObjectName`; listeners reach it by `fetch`. */
export interface LiveRpc {
  publish(request: LivePublish): Promise<LivePublishAnswer>;
  /** From the root: who may listen now. */
  access(access: LiveAccess): Promise<void>;
  /** From the root: how many listen in all. */
  presence(listeners: number): Promise<void>;
  /** How many listen here, for a root that slept and forgot. */
  listeners(): Promise<number>;
  /** Closes every listener's connection with `going_away`. */
  drain(): Promise<void>;
}

/** One alias of one app: addressed by `aliasObjectName`. */
export interface AliasRpc {
  set(request: AliasSetRequest): Promise<AliasSetAnswer>;
  unset(request: AliasUnsetRequest): Promise<LateCommand | undefined>;
  /** Whether a suspended holder still is one, once the set in progress has ended. */
  confirm(request: AliasUnsetRequest): Promise<AliasConfirmation>;
  /** With the key of a message, also who took it by a first acknowledgement. */
  holders(key?: Uint8Array): Promise<AliasHolders>;
  firstAck(request: FirstAckRequest): Promise<void>;
}

/** The tags of one app: addressed by base64url of the app's 8 bytes. */
export interface TagDirectoryRpc {
  report(report: TagReport): Promise<void>;
  /** Null for a cursor that it did not issue. */
  list(query: TagQuery): Promise<TagPage | null>;
  /** Records a signed change of the app: see `SignedChanges`. Only on the object that `changesNameOf` names. */
  begin(change: SignedChange): Promise<BeginAnswer>;
  /** Claims the key of a broadcast to several tags: see `BroadcastClaims`. Only on that object, too. */
  claim(key: string, request: string): Promise<boolean>;
  release(key: string, request: string): Promise<void>;
}

/** The webhooks of one app: addressed by `webhookNames`. */
export interface WebhookRpc {
  /** From a device or the edge: events for the app's server. Safe to repeat. */
  accept(request: AcceptRequest): Promise<AcceptAnswer>;
  /** How it goes with the endpoints here. */
  health(): Promise<readonly EndpointHealth[]>;
  deadLetters(query: DeadLetterQuery): Promise<DeadLetterPage>;
  /** Of the messages with a label that this object has, newest first. */
  labelled(query: LabelQuery): Promise<readonly LabelledMessage[]>;
  /** Safe to repeat. */
  replay(request: ReplayRequest): Promise<ReplayAnswer>;
  /** From the edge: the app is deleted. Safe to repeat. */
  erase(): Promise<void>;

  // Of the first object alone:
  /** With their secrets. */
  endpoints(): Promise<readonly Endpoint[]>;
  create(settings: EndpointSettings): Promise<EndpointAnswer>;
  change(id: string, change: EndpointChange): Promise<EndpointAnswer>;
  rotate(id: string, overlapMs: number): Promise<EndpointAnswer>;
  /** Null if there is no such endpoint. */
  remove(id: string): Promise<ListedEndpoint | null>;
  /** From another object of the app. Safe to repeat. @returns whether this disabled it */
  disable(id: string, reason: DisabledReason): Promise<boolean>;
  /** Sends a test event, and tells what the receiver answered. Null if there is no such endpoint. */
  test(id: string): Promise<Refused | TestAnswer | null>;
}

/** A sending key as the edge needs it to verify a signature. An object of an older version leaves out the rights: it has all. */
export interface AppKey extends Partial<KeyRights> {
  readonly keyId: string;
  readonly algorithm: KeyAlgorithm;
  /** See `StoredKey.material`. Null if the mesh key that sealed the secret is gone: it verifies nothing. */
  readonly material: Uint8Array | null;
  readonly createdAt: number;
  /** Absent from an object of an older version. */
  readonly lastUsedAt?: number | null;
}

/** What the edge caches of an app. Revoked keys are not in it. */
export interface AppRecord {
  readonly appId: string;
  readonly name: string;
  readonly createdAt: number;
  readonly keys: readonly AppKey[];
  /** Open for an app that was stored before there were policies. */
  readonly policy: AppPolicy;
  /** See `StoredTrust.version`. */
  readonly trustVersion: number;
  /** See `AppTrust`. Both are absent from an object of an older version. */
  readonly revoked?: readonly string[];
  readonly closedTags?: readonly string[];
  /** Null without one. */
  readonly quota: Quota | null;
}

/** One app: addressed by name, its appId. */
export interface AppRpc {
  /** @param policy default: all `granted` */
  create(name: string, policy?: AppPolicy): Promise<AppRecord>;
  /** False if the app was never created. */
  setPolicy(policy: AppPolicy): Promise<boolean>;
  /** Null if the app was never created. */
  record(): Promise<AppRecord | null>;
  /** Null if the app was never created; "full" at LIMITS.APP_KEYS. */
  addKey(
    algorithm: AppKey["algorithm"],
    material: Uint8Array,
    /** Absent from an edge of an older version: all, forever. */
    rights?: KeyRights,
  ): Promise<AppKey | "full" | null>;
  /** Records that a signature of the key was verified, at most once in `LIMITS.KEY_USE_MS`. */
  keyUsed(keyId: string, at: number): Promise<void>;
  /** False if there is no such key. */
  revokeKey(keyId: string): Promise<boolean>;
  /** See core/app/denials.ts. Safe to repeat. */
  revokeGrant(jti: string, expiresAt: number): Promise<boolean | "full" | null>;
  forgetGrants(): Promise<number | null>;
  closeTag(tag: string, isClosed: boolean): Promise<boolean | "full">;
  /** Sets or ends the quota of sends; what was spent lately stays spent. False if the app was never created. */
  setQuota(quota: Quota | null): Promise<boolean>;
  /** From an edge: tokens for sends. Not idempotent: tokens of a lost answer are lost. Null without a quota. */
  lease(request: LeaseRequest): Promise<LeaseAnswer | null>;
  /** The key pair that signs broadcasts for live listeners; the first call makes it. Null if the app was never created. */
  liveKey(): Promise<LiveKey | null>;
  /** From a device: what one of its registrations may do. Safe to repeat; writes nothing. */
  admit(request: AdmitRequest): Promise<AdmitAnswer>;
  /** Removes the app and all of its keys. False if the app was never created, or is removed already. */
  remove(): Promise<boolean>;
}

/** What an import calls of objects that are empty. No route leads here: only hosts/ calls it, on a mesh that serves nobody. */
export interface DeviceImportRpc {
  /** Writes some lines of this device, in order; the very first is its `device` line. */
  write(parts: readonly DevicePart[]): Promise<void>;
}

export interface AppImportRpc {
  write(line: AppLine): Promise<void>;
}

export interface AppDirectoryImportRpc {
  write(lines: readonly OperatorsLine[]): Promise<void>;
}

export interface AliasImportRpc {
  write(line: AliasLine): Promise<void>;
}

export interface TagDirectoryImportRpc {
  write(lines: readonly DirectoryLine[]): Promise<void>;
}

export interface TagImportRpc {
  /** Writes some lines of this node, in order; the very first is its `node` line. */
  write(parts: readonly NodePart[]): Promise<void>;
}

/** Name of the one object of a mesh's operators. */
export const APP_DIRECTORY_NAME = "apps";

export type ListedCredential = Omit<StoredCredential, "hash">;
export type NewCredential = Omit<StoredCredential, "createdAt" | "usedAt">;

/** The list of apps of a mesh, its operators' credentials, and the audit log. */
export interface AppDirectoryRpc {
  /** False at LIMITS.APPS. */
  add(entry: { appId: string; name: string; createdAt: number }): Promise<boolean>;
  /** False if it is not listed. */
  remove(appId: string): Promise<boolean>;
  list(): Promise<readonly { appId: string; name: string; createdAt: number }[]>;
  /** Null at LIMITS.CREDENTIALS. */
  addCredential(credential: NewCredential): Promise<ListedCredential | null>;
  credentials(): Promise<readonly ListedCredential[]>;
  /** The credential of a token, by its hash; null if there is none. */
  useCredential(
    credentialId: string,
    hash: Uint8Array,
  ): Promise<ListedCredential | "expired" | null>;
  /** Null if there is no such credential. */
  revokeCredential(credentialId: string): Promise<ListedCredential | null>;
  /** Resolves when the entries are durable. */
  audit(events: readonly AuditEvent[]): Promise<void>;
  auditPage(query: AuditQuery): Promise<AuditPage>;
}
