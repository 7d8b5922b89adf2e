/** The endpoints of an app: at most `LIMITS.WEBHOOKS`, each with its secrets. */
import { LIMITS } from "../../schema/limits.ts";
import type { WebhookStore } from "./store.ts";
import type {
  DisabledReason,
  Endpoint,
  EndpointChange,
  EndpointSecret,
  EndpointSettings,
  ListedEndpoint,
} from "./types.ts";

export const listedEndpoint = ({ secrets: _, ...endpoint }: Endpoint): ListedEndpoint => endpoint;

/** Null if the app has as many as it may. */
export function createEndpoint(
  store: WebhookStore,
  settings: EndpointSettings,
  { id, secret }: { readonly id: string; readonly secret: Uint8Array },
  now: number,
): Endpoint | null {
  if (store.endpoints().length >= LIMITS.WEBHOOKS) return null;
  const { url, events, description } = settings;
  const secrets = [{ secret, until: null }];
  const endpoint = { id, url, events, description, createdAt: now, secrets, disabled: null };
  store.putEndpoint(endpoint);
  return endpoint;
}

export const findEndpoint = (store: WebhookStore, id: string): Endpoint | null =>
  store.endpoints().find((endpoint) => endpoint.id === id) ?? null;

export function changeEndpoint(
  store: WebhookStore,
  endpoint: Endpoint,
  { disabled, ...settings }: EndpointChange,
  now: number,
): Endpoint {
  const standing = disabled === undefined ? endpoint.disabled : null;
  const ended = { at: now, reason: "asked" as const };
  const changed = {
    ...endpoint,
    ...settings,
    disabled: disabled === true ? (endpoint.disabled ?? ended) : standing,
  };
  store.putEndpoint(changed);
  return changed;
}

/** Adds a new secret; the old one also signs until the overlap is over. */
export function rotateSecret(
  store: WebhookStore,
  endpoint: Endpoint,
  secret: Uint8Array,
  overlapMs: number,
  now: number,
): Endpoint {
  const until = now + overlapMs;
  const older = endpoint.secrets
    .map((old): EndpointSecret => ({ ...old, until: Math.min(old.until ?? until, until) }))
    .filter((old) => (old.until ?? 0) > now)
    .slice(0, LIMITS.WEBHOOK_SECRETS - 1);
  const rotated = { ...endpoint, secrets: [{ secret, until: null }, ...older] };
  store.putEndpoint(rotated);
  return rotated;
}

/** Disables an endpoint that the mesh gives up on. False if it is disabled already, or deleted. */
export function disableEndpoint(
  store: WebhookStore,
  id: string,
  reason: DisabledReason,
  now: number,
): boolean {
  const endpoint = findEndpoint(store, id);
  if (endpoint === null || endpoint.disabled !== null) return false;
  store.putEndpoint({ ...endpoint, disabled: { at: now, reason } });
  return true;
}
