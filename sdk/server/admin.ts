/** The client for the operators of a mesh: apps and their sending keys, credentials, and the audit log. */
import type {
  AnswerBody,
  AppAnswerBody,
  AppWithKeysAnswerBody,
  AuditAnswerBody,
  CredentialAnswerBody,
  CredentialBody,
  ForgottenAnswerBody,
  KeyAnswerBody,
  MethodOf,
  NewApp,
  NewCredentialBody,
  NewKey,
  OperationId,
  PathOf,
  PolicyAnswerBody,
  PolicyInput,
  QuotaAnswerBody,
} from "../../schema/http.ts";
import { type Log, type LogEntry, notify } from "../log.ts";
import { BOOLEAN, between, FUNCTION, invalidOption, type Rules, TEXT } from "../options.ts";
import {
  checkArguments,
  nameArgument,
  OPTIONS_ARGUMENT,
  objectArgument,
  QUERY_ARGUMENT,
  textArgument,
} from "./arguments.ts";
import {
  type CallOptions,
  callMesh,
  hostOf,
  meshOrigin,
  routeOf,
  type ServerHost,
} from "./call.ts";
import { optionError, PushServerError } from "./errors.ts";
import { createSigningKey } from "./signer.ts";

export interface MeshAdminOptions {
  /** Origin of the mesh, such as `https://push.example.com`. */
  readonly url: string;
  /** The ADMIN_TOKEN of the mesh, or the token of a credential. */
  readonly token: string;
  /** Also sends the token over http to another machine, where anyone on the way can read it. Default false. */
  readonly insecure?: boolean;
  /** Limit of one call, in milliseconds, 100 to 600,000. Default: 10,000. */
  readonly timeoutMs?: number | undefined;
  /** Takes a structured entry for each call, without names and tokens. Default: none. */
  readonly log?: Log | undefined;
  /** Replaces the host's own fetch. */
  readonly host?: Partial<ServerHost>;
}

export interface AuditLogQuery {
  /** Only entries about this app. */
  readonly appId?: string;
  /** 1 to 200. Default 200. */
  readonly limit?: number;
  readonly cursor?: string;
}

/** A key whose secret half is made here, by default Ed25519. */
type NewSecret = Pick<NewKey, "scopes" | "expiresAt"> & Partial<Pick<NewKey, "algorithm">>;

const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Whether nobody on the way can read a request to this URL. */
const isPrivate = ({ protocol, hostname }: URL): boolean =>
  protocol === "https:" || LOOPBACK.has(hostname);

/** Admin calls are small and wait for no device. */
const TIMEOUT_MS = 10_000;

const OPTIONS: Rules = {
  url: ["the origin of a mesh", () => true],
  token: TEXT,
  insecure: BOOLEAN,
  timeoutMs: between(100, 600_000),
  log: FUNCTION,
  host: ["an object", (value: unknown) => typeof value === "object" && value !== null],
};

/**
 * Creates apps and keys. It makes each call once, because creating an app or a key twice gives two. If there is no answer
 * (`network_failed`), it may have been created anyway: check `apps` and `app`, and revoke a key whose secret you did not get.
 *
 * @example
 * const admin = new MeshAdmin({ url: "http://127.0.0.1:8080", token: process.env.ADMIN_TOKEN });
 * const { appId } = await admin.createApp("Shop");
 * const { keyId, secret } = await admin.createKey(appId);
 */
export class MeshAdmin {
  readonly #origin: string;
  readonly #token: string;
  readonly #host: ServerHost;
  readonly #timeoutMs: number;
  readonly #log: Log | undefined;

  /** @throws PushServerError `option_invalid` */
  constructor(options: MeshAdminOptions) {
    const { url, token, insecure = false, host = {} } = options ?? {};
    this.#origin = meshOrigin(url);
    if (!insecure && !isPrivate(new URL(this.#origin))) {
      throw optionError(`url: ${url} would carry the admin token in the clear: use https`);
    }
    if (typeof token !== "string" || token === "") throw optionError("token: must be given");
    const fault = invalidOption(options, OPTIONS);
    if (fault !== undefined) throw optionError(fault);
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#log = options.log;
    this.#token = token;
    this.#host = hostOf(host);
  }

  /**
   * @param name - A display name, 1 to 128 bytes of UTF-8.
   * @param options.policy - `"open"` for an app that anyone who knows its appId may use, or a policy. Default: everything `granted`.
   */
  createApp(
    name: string,
    options: CallOptions & { policy?: NewApp["policy"] } = {},
  ): Promise<AppAnswerBody> {
    const { policy } = options;
    return this.#call<"createApp">("POST", "/v1/apps", options, { name, policy });
  }

  /** All apps, oldest first. */
  async apps(options: CallOptions = {}): Promise<readonly AppAnswerBody[]> {
    return (await this.#call<"listApps">("GET", "/v1/apps", options)).apps;
  }

  /** One app with its keys, oldest first. Secrets are never shown again. */
  app(appId: string, options: CallOptions = {}): Promise<AppWithKeysAnswerBody> {
    return this.#call<"getApp">("GET", `/v1/apps/${encodeURIComponent(appId)}`, options);
  }

  /** Who may register, hold an alias or join a tag of the app. */
  policy(appId: string, options: CallOptions = {}): Promise<PolicyAnswerBody> {
    const path = `/v1/apps/${encodeURIComponent(appId)}/policy` as const;
    return this.#call<"getPolicy">("GET", path, options);
  }

  /**
   * Replaces the policy of an app; what is left out is `granted`.
   *
   * @example
   * await admin.setPolicy(appId, { tag: [{ prefix: "news/", rule: "open" }] });
   */
  setPolicy(
    appId: string,
    policy: PolicyInput,
    options: CallOptions = {},
  ): Promise<PolicyAnswerBody> {
    const path = `/v1/apps/${encodeURIComponent(appId)}/policy` as const;
    return this.#call<"putPolicy">("PUT", path, options, policy);
  }

  /**
   * Limits the sends of an app: `perSecond` on average, which may be a fraction, and `burst` at once. A broadcast counts as one. An edge that has
   * the app cached knows within 30 s; `app` shows the quota. With `queueSeconds`, messages over the quota are queued for at most that long; without it,
   * they are refused.
   *
   * @param quota - null ends it.
   * @example
   * await admin.setQuota(appId, { perSecond: 50, burst: 500, queueSeconds: 120 });
   */
  async setQuota(
    appId: string,
    quota: QuotaAnswerBody | null,
    options: CallOptions = {},
  ): Promise<void> {
    const path = `/v1/apps/${encodeURIComponent(appId)}/quota` as const;
    if (quota === null) await this.#call<"deleteQuota">("DELETE", path, options);
    else await this.#call<"putQuota">("PUT", path, options, quota);
  }

  /**
   * Deletes an app with all its keys: nobody can send for it any more. An edge that has the app cached knows within 30 s. Its registrations end:
   * of devices that are linked, 100 a second, of others with their next link.
   *
   * @throws PushServerError `app_not_found`
   */
  deleteApp(appId: string, options: CallOptions = {}): Promise<void> {
    return this.#call<"deleteApp">("DELETE", `/v1/apps/${encodeURIComponent(appId)}`, options);
  }

  /**
   * Adds a sending key. Default: an Ed25519 pair that is made here, and of which the mesh gets the public half. For an HMAC key, the mesh makes the
   * secret. Either way, only this answer contains `secret`, which `PushServer` takes as its `key`. With `bearer`, it is a send token: for scripts that
   * cannot sign, and not for `PushServer`.
   *
   * @param key.publicKey - An Ed25519 key whose private half you have: then there is no `secret`.
   * @throws PushServerError `too_many_keys` at 16 keys.
   */
  createKey(
    appId: string,
    key?: NewSecret,
    options?: CallOptions,
  ): Promise<KeyAnswerBody & { readonly secret: string }>;
  createKey(appId: string, key: NewKey | NewSecret, options?: CallOptions): Promise<KeyAnswerBody>;
  async createKey(
    appId: string,
    key: NewKey | NewSecret = {},
    options: CallOptions = {},
  ): Promise<KeyAnswerBody> {
    const path = `/v1/apps/${encodeURIComponent(appId)}/keys` as const;
    if (key.algorithm === "hmac-sha256" || key.algorithm === "bearer" || "publicKey" in key)
      return this.#call<"createKey">("POST", path, options, key);
    const { publicKey, secret } = await createSigningKey();
    const body: NewKey = { ...key, algorithm: "ed25519", publicKey };
    return { ...(await this.#call<"createKey">("POST", path, options, body)), secret };
  }

  /**
   * Forgets all grants that the app has revoked, to get out of a list that somebody has filled who had a key. Grants that are not over are valid
   * again, unless the key that signed them was revoked: revoke that key first, or those grants again.
   *
   * @throws PushServerError `app_not_found`
   */
  forgetRevokedGrants(appId: string, options: CallOptions = {}): Promise<ForgottenAnswerBody> {
    const path = `/v1/apps/${encodeURIComponent(appId)}/revoked-grants` as const;
    return this.#call<"forgetRevokedGrants">("DELETE", path, options);
  }

  /** Revokes a key. An edge that has the app cached refuses it within 30 s. */
  revokeKey(appId: string, keyId: string, options: CallOptions = {}): Promise<void> {
    const [app, key] = [encodeURIComponent(appId), encodeURIComponent(keyId)];
    return this.#call<"revokeKey">("DELETE", `/v1/apps/${app}/keys/${key}`, options);
  }

  /**
   * Creates a credential for another operator, or the next one of this operator: both work until the first is revoked. Only this answer
   * contains its token, which `token` of `MeshAdmin` takes. Only owners may do this.
   *
   * @throws PushServerError `role_missing`, `too_many_credentials` at 64
   */
  createCredential(
    credential: NewCredentialBody,
    options: CallOptions = {},
  ): Promise<CredentialAnswerBody> {
    const path = "/v1/admin/credentials";
    return this.#call<"createCredential">("POST", path, options, credential);
  }

  /** All credentials, oldest first, without tokens. Only owners may do this. */
  async credentials(options: CallOptions = {}): Promise<readonly CredentialBody[]> {
    const path = "/v1/admin/credentials";
    return (await this.#call<"listCredentials">("GET", path, options)).credentials;
  }

  /**
   * Revokes a credential, at once and everywhere. Only owners may do this.
   *
   * @throws PushServerError `credential_not_found`
   */
  revokeCredential(credentialId: string, options: CallOptions = {}): Promise<void> {
    const path: PathOf<"revokeCredential"> = `/v1/admin/credentials/${encodeURIComponent(credentialId)}`;
    return this.#call<"revokeCredential">("DELETE", path, options);
  }

  /** One page of the audit log: what was changed, by whom and from where, newest first. `next` is the `cursor` of the next page. */
  auditLog(query: AuditLogQuery = {}, options: CallOptions = {}): Promise<AuditAnswerBody> {
    const given = Object.entries(query).map(([name, value]) => [name, `${value}`]);
    const text = new URLSearchParams(given).toString();
    return this.#call<"listAudit">("GET", `/v1/admin/audit?${text}`, options);
  }

  async #call<Id extends OperationId>(
    method: MethodOf<Id>,
    path: PathOf<Id>,
    { signal }: CallOptions,
    body?: unknown,
  ): Promise<AnswerBody<Id>> {
    const headers = {
      authorization: `Bearer ${this.#token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    };
    const init = { method, headers, body: body === undefined ? null : JSON.stringify(body) };
    const about = { method, route: routeOf(path) };
    const sentAt = this.#host.now();
    const log = (entry: LogEntry): void =>
      notify(this.#log, console.error, { ...about, ms: this.#host.now() - sentAt, ...entry });
    try {
      const url = this.#origin + path;
      const answer = await callMesh<AnswerBody<Id>>(
        ...([this.#host, url, init, this.#timeoutMs, signal] as const),
      );
      log({ level: "debug", event: "call" });
      return answer;
    } catch (error) {
      if (error instanceof PushServerError) {
        const { code, status } = error;
        log({ level: "error", event: "failed", code, status });
      }
      throw error;
    }
  }
}

const APP = textArgument("appId");

checkArguments(MeshAdmin.prototype, {
  createApp: [nameArgument("name"), OPTIONS_ARGUMENT],
  apps: [OPTIONS_ARGUMENT],
  app: [APP, OPTIONS_ARGUMENT],
  policy: [APP, OPTIONS_ARGUMENT],
  setPolicy: [APP, objectArgument("policy"), OPTIONS_ARGUMENT],
  setQuota: [
    APP,
    ["quota", ["an object, or null for none", (value) => typeof value === "object"]],
    OPTIONS_ARGUMENT,
  ],
  deleteApp: [APP, OPTIONS_ARGUMENT],
  createKey: [APP, objectArgument("key", true), OPTIONS_ARGUMENT],
  forgetRevokedGrants: [APP, OPTIONS_ARGUMENT],
  revokeKey: [APP, textArgument("keyId"), OPTIONS_ARGUMENT],
  createCredential: [objectArgument("credential"), OPTIONS_ARGUMENT],
  credentials: [OPTIONS_ARGUMENT],
  revokeCredential: [textArgument("credentialId"), OPTIONS_ARGUMENT],
  auditLog: [QUERY_ARGUMENT, OPTIONS_ARGUMENT],
});
