/** Requests and answers between the edge, devices and the objects of an app's webhooks. Plain data: it crosses RPC. */
import type { WebhookEventName } from "../../schema/http/enums.ts";
import type { Refused } from "../message/refusal.ts";

/** An event as receivers get it: see `webhookEvent` in schema/http/webhooks/webhooks.ts. */
export interface WebhookEvent {
  /** The same in every attempt and for every endpoint. */
  readonly id: string;
  readonly type: WebhookEventName;
  /** When it happened, milliseconds since 1970. */
  readonly at: number;
  readonly [field: string]: unknown;
}

/** A message that was sent with a label, as the list of its label has it. */
export interface LabelledMessage {
  readonly label: string;
  /** When the mesh accepted it, milliseconds since 1970. */
  readonly at: number;
  /** Of the message. */
  readonly id: string;
  readonly regId: string;
}

export interface LabelQuery {
  readonly label: string;
  /** Milliseconds since 1970: included. */
  readonly after: number;
  /** Where the page begins: messages that come before this time and ID, newest first. */
  readonly before: Pick<LabelledMessage, "at" | "id">;
  readonly limit: number;
}

/** Events that are stored together, or not at all. */
export interface AcceptRequest {
  /** Names this call: a call with the same name is a repetition. */
  readonly packet: string;
  readonly events: readonly WebhookEvent[];
  /** For the lists of their labels, whether any endpoint wants events or not. */
  readonly labelled?: readonly LabelledMessage[];
  /** How long a repetition is recognised, milliseconds. Default: `LIMITS.WEBHOOK_DEDUPE_MS`, which costs no row. */
  readonly onceMs?: number;
}

/** Stored; or `webhook_missing` if no endpoint wants any of the events. */
export type AcceptAnswer = { readonly ok: true } | Refused;

/** A secret of an endpoint. */
export interface EndpointSecret {
  /** Null if the mesh key that sealed it is gone: it signs nothing. */
  readonly secret: Uint8Array | null;
  /** Until when it signs, milliseconds since 1970; null for the current one. */
  readonly until: number | null;
}

/** Why an endpoint gets nothing. */
export type DisabledReason =
  /** By the app's server. */
  | "asked"
  /** No attempt has succeeded for `LIMITS.WEBHOOK_FAILING_MS`. */
  | "failing"
  /** It answered 410. */
  | "gone";

export interface EndpointSettings {
  readonly url: string;
  /** Null for all. */
  readonly events: readonly WebhookEventName[] | null;
  readonly description: string;
}

export interface Endpoint extends EndpointSettings {
  readonly id: string;
  readonly createdAt: number;
  /** The newest first. */
  readonly secrets: readonly EndpointSecret[];
  /** Null while it gets events. */
  readonly disabled: { readonly at: number; readonly reason: DisabledReason } | null;
}

/** What a change sets; absent fields stay. `disabled: false` also enables what the mesh has disabled. */
export interface EndpointChange extends Partial<EndpointSettings> {
  readonly disabled?: boolean;
}

/** An endpoint without its secrets. */
export type ListedEndpoint = Omit<Endpoint, "secrets">;

/** Null if there is no such endpoint. */
export type EndpointAnswer =
  | { readonly ok: true; readonly endpoint: ListedEndpoint; readonly secret?: Uint8Array }
  | Refused
  | null;

/** The health of an endpoint, as one object of the app sees it. */
export interface EndpointHealth {
  readonly endpoint: string;
  /** Events that wait to be delivered, and those that were given up and can be replayed. */
  readonly waiting: number;
  readonly dead: number;
  /** Dead letters that were dropped to make room. */
  readonly dropped: number;
  /** Since when all attempts have failed; null if the last one succeeded. */
  readonly failingSince: number | null;
  readonly lastFailure: { readonly at: number; readonly error: string } | null;
}

/** Events that one endpoint got in one request, and that were given up. */
export interface DeadLetter {
  /** `webhook-id` of every attempt. */
  readonly id: string;
  readonly endpoint: string;
  readonly attempts: number;
  readonly error: string;
  /** When they were given up. */
  readonly at: number;
  readonly events: readonly WebhookEvent[];
}

export interface DeadLetterQuery {
  /** Null for those of all endpoints. */
  readonly endpoint: string | null;
  /** Number of the last one of the page before; 0 for the first page. */
  readonly after: number;
  readonly limit: number;
}

export interface DeadLetterPage {
  readonly letters: readonly DeadLetter[];
  /** For the next page; null on the last one. */
  readonly next: number | null;
}

export interface ReplayRequest {
  /** Ids of dead letters; null for the oldest ones. */
  readonly ids: readonly string[] | null;
  /** Null for those of all endpoints. */
  readonly endpoint: string | null;
}

export interface ReplayAnswer {
  readonly replayed: number;
  /** Whether the bound of a call left some over. */
  readonly more: boolean;
}

/** What a receiver answered to a test. */
export interface TestAnswer {
  readonly id: string;
  readonly delivered: boolean;
  readonly status: number | null;
  /** Why it was not delivered. */
  readonly error: string | null;
  /** The beginning of the body. */
  readonly body: string;
  readonly tookMs: number;
}
