/** What may be called of a Durable Object over RPC: nothing else of its shell can be, from wherever. */
import type {
  AliasImportRpc,
  AliasRpc,
  AppDirectoryImportRpc,
  AppDirectoryRpc,
  AppImportRpc,
  AppRpc,
  DeviceImportRpc,
  DeviceRpc,
  LiveRpc,
  TagDirectoryImportRpc,
  TagDirectoryRpc,
  TagImportRpc,
  TagRpc,
  WebhookRpc,
} from "./rpc.ts";

/** A name that is missing here, or that the interface does not have, does not compile. */
export type Methods<Rpc> = Readonly<Record<keyof Rpc & string, true>>;

/** An object whose alarm is its shell's. */
export interface Alarmed {
  alarm(): Promise<void>;
}

export const DEVICE_METHODS: Methods<DeviceRpc & DeviceImportRpc & Alarmed> = {
  openAccount: true,
  send: true,
  status: true,
  recall: true,
  drain: true,
  setTags: true,
  setAlias: true,
  describe: true,
  remove: true,
  liftBan: true,
  deliver: true,
  suspendAlias: true,
  withdraw: true,
  write: true,
  alarm: true,
};

export const TAG_METHODS: Methods<TagRpc & TagImportRpc & Alarmed> = {
  join: true,
  leave: true,
  attach: true,
  members: true,
  fanOut: true,
  countChild: true,
  go: true,
  broadcast: true,
  recall: true,
  broadcastStatus: true,
  info: true,
  setLive: true,
  reportLive: true,
  entriesAfter: true,
  write: true,
  alarm: true,
};

export const LIVE_METHODS: Methods<LiveRpc & Alarmed> = {
  publish: true,
  access: true,
  presence: true,
  listeners: true,
  drain: true,
  alarm: true,
};

export const ALIAS_METHODS: Methods<AliasRpc & AliasImportRpc & Alarmed> = {
  set: true,
  unset: true,
  confirm: true,
  holders: true,
  firstAck: true,
  write: true,
  alarm: true,
};

export const TAG_DIRECTORY_METHODS: Methods<TagDirectoryRpc & TagDirectoryImportRpc> = {
  report: true,
  list: true,
  begin: true,
  claim: true,
  release: true,
  write: true,
};

export const WEBHOOK_METHODS: Methods<WebhookRpc & Alarmed> = {
  accept: true,
  health: true,
  deadLetters: true,
  labelled: true,
  replay: true,
  erase: true,
  endpoints: true,
  create: true,
  change: true,
  rotate: true,
  remove: true,
  disable: true,
  test: true,
  alarm: true,
};

export const APP_METHODS: Methods<AppRpc & AppImportRpc> = {
  create: true,
  setPolicy: true,
  record: true,
  addKey: true,
  keyUsed: true,
  revokeKey: true,
  revokeGrant: true,
  forgetGrants: true,
  closeTag: true,
  setQuota: true,
  lease: true,
  liveKey: true,
  admit: true,
  remove: true,
  write: true,
};

export const APP_DIRECTORY_METHODS: Methods<AppDirectoryRpc & AppDirectoryImportRpc> = {
  add: true,
  remove: true,
  list: true,
  addCredential: true,
  credentials: true,
  useCredential: true,
  revokeCredential: true,
  audit: true,
  auditPage: true,
  write: true,
};
