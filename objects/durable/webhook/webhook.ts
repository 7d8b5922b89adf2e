/** The Durable Object of an app's webhooks. */
import { keyringOf } from "../../../core/identity/keyring.ts";
import { StoredSecrets } from "../../../core/identity/stored-secrets.ts";
import { firstWebhookName } from "../../../core/webhook/names.ts";
import { type Alarmed, WEBHOOK_METHODS } from "../../interfaces/methods.ts";
import type { WebhookRpc } from "../../interfaces/rpc.ts";
import type { Sql } from "../../storage/sql.ts";
import { SqlWebhookStore } from "../../storage/webhook-store.ts";
import { WebhookShell } from "../../webhook/webhook-shell.ts";
import { durableObject, SHELL } from "../object.ts";
import { type PeerEnv, peersOf } from "../peers.ts";
import { DurableRuntime, type Settings } from "../runtime.ts";
import { WebhookFetch } from "./webhook-fetch.ts";

interface WebhookEnv extends PeerEnv, Settings {
  readonly MESH_KEYS: string;
  /** See `WebhookTargets`. Default: `public`. */
  readonly WEBHOOK_TARGETS?: string;
}

/** @throws Error if MESH_KEYS holds no keys */
function storeOf(rows: Sql, name: string, { MESH_KEYS }: WebhookEnv): SqlWebhookStore {
  const keyring = keyringOf(MESH_KEYS);
  if (typeof keyring === "string") throw new Error(keyring);
  return new SqlWebhookStore(rows, new StoredSecrets(keyring, firstWebhookName(name)));
}

export class WebhookObject extends durableObject<WebhookRpc & Alarmed, WebhookEnv>(
  WEBHOOK_METHODS,
) {
  readonly #runtime = new DurableRuntime(this.ctx, this.env, (rows) =>
    storeOf(rows, this.ctx.id.name ?? "", this.env),
  );
  override readonly [SHELL] = new WebhookShell(
    this.#runtime,
    peersOf(this.env),
    new WebhookFetch(this.env.WEBHOOK_TARGETS),
  );

  constructor(ctx: DurableObjectState, env: WebhookEnv) {
    super(ctx, env);
    // The alarm is set without waiting, so it has to be known from the start which one stands.
    ctx.blockConcurrencyWhile(() => this.#runtime.alarm.load());
  }
}
