/**
 * The messages between a client (one per app) and the push service (one per device). They are plain structured-cloneable data, so a
 * port can be a MessagePort of a worker as well as the in-process pair below.
 */
import type { AcceptTime } from "../../schema/delivery.ts";
import type {
  Attribute,
  Cursor,
  DeviceEvent,
  KeySetup,
  Message,
  Withdraw,
} from "../../schema/generated/link.ts";
import type { Incoming } from "./client/message.ts";
import type { PushErrorData } from "./errors.ts";

/** The state of the link; see `PushClient.onState`. */
export type LinkStateName = "idle" | "connecting" | "connected" | "waiting" | "closed";

/** The tags and aliases of a registration. */
export interface Description {
  /** In no particular order; without the built-in tag of all devices. */
  readonly tags: readonly string[];
  readonly aliases: readonly string[];
}

/** A command of an app to the mesh, without its number. */
export type Command =
  /**
   * `isHeld`: the app has a regId. If the app's server removed that registration, the command fails, and registers no other. With `grants`, the service asks the client for a grant first; with `renews`, also if the app is registered.
   */
  | {
      readonly kind: "register";
      readonly isHeld: boolean;
      readonly grants?: boolean | undefined;
      readonly renews?: boolean | undefined;
    }
  /** Ends whichever registration there is. `signOut` names the call, so that it counts once, whoever asks the mesh. */
  | { readonly kind: "unregister"; readonly signOut?: string | undefined }
  | {
      readonly kind: "subscribe";
      readonly add: readonly string[];
      readonly remove: readonly string[];
    }
  | {
      readonly kind: "setAlias";
      readonly alias: string;
      readonly held: boolean;
      readonly shared: boolean;
    }
  | {
      readonly kind: "report";
      readonly platform: string | undefined;
      readonly appVersion: string | undefined;
      readonly locale: string | undefined;
      readonly attributes: readonly Attribute[];
    }
  | {
      readonly kind: "upstream";
      readonly key: Uint8Array;
      readonly contentType: 1 | 2 | 3;
      readonly data: Uint8Array;
    }
  /** How the app wants its messages. */
  | {
      readonly kind: "delivery";
      readonly paused: boolean;
      readonly accept: readonly AcceptTime[];
      readonly timeZone: string | undefined;
      readonly presence: boolean;
      readonly silenced: boolean;
    }
  /** Empty bytes withdraw the key. */
  | { readonly kind: "publishKey"; readonly publicKey: Uint8Array; readonly auth: Uint8Array }
  /** Begins an epoch of the key with which the mesh and the app seal what they send each other. */
  | { readonly kind: "setKey"; readonly setup: KeySetup }
  /** What happened to messages. */
  | { readonly kind: "events"; readonly events: readonly DeviceEvent[] }
  | { readonly kind: "describe" };

/**
 * Why a grant is asked for: the app registers; the grant of its registration is renewed before it is over; or the mesh says that it is over,
 * or that there has to be one now.
 */
export type GrantReason = "register" | "renew" | "lapsed";

/** The value of a request that succeeded. */
export type Answer = string | number | Description | undefined;

/** Messages from client to service. `open` comes first, `leave` last. */
export type ToService =
  /**
   * Names the port's app. `secret` is what the app keeps in its storage: once its app is registered, only a port with the same secret
   * opens it. `lastSeq` is the highest seq that the app ever received, 0 for none; `cursors` are its positions in broadcasts.
   */
  | {
      readonly kind: "open";
      readonly appId: string;
      /** An older client has none. */
      readonly secret?: string | undefined;
      readonly lastSeq: number;
      readonly cursors: readonly Cursor[];
    }
  | (Command & { readonly request: number })
  /**
   * What the service asked for with this number: the grant, sealed for the mesh if there is a setup. Nothing of both: the grant comes in the
   * sealed command.
   */
  | {
      readonly kind: "granted";
      readonly request: number;
      readonly grant?: string | undefined;
      readonly setup?: KeySetup | undefined;
      readonly sealedGrant?: Uint8Array | undefined;
    }
  /**
   * The command that the service asked the app to seal, by the `wireRequest` of that question. Without a body, nobody waits for the command any
   * more: the app cannot seal it, or has read the sealed answer.
   */
  | {
      readonly kind: "sealed";
      readonly wireRequest: number;
      readonly epoch?: number | undefined;
      readonly number?: number | undefined;
      readonly body?: Uint8Array | undefined;
    }
  /** Nobody waits for the answer to this request any more: it is dropped, unless it is on its way to the mesh. */
  | { readonly kind: "cancel"; readonly request: number }
  /** Whether the app accepts messages now. `turn` is another one each time that it begins to. */
  | { readonly kind: "listen"; readonly on: boolean; readonly turn?: number | undefined }
  /**
   * The app is done with every message of the lane up to `seq` that arrived on link number `link`. `discarded` is a message that it did
   * not get: the one with `seq`, or, with a `seq` of 0, one behind messages that it has not handled yet.
   */
  | {
      readonly kind: "ack";
      readonly link: number;
      readonly priority: Message["priority"];
      readonly seq: number;
      readonly discarded?: number | undefined;
    }
  /**
   * The app is done with every broadcast of the tag up to the cursor. The last of them arrived on link number `link`; if `discarded`,
   * the app did not get it.
   */
  | {
      readonly kind: "cursor";
      readonly link: number;
      readonly cursor: Cursor;
      readonly discarded?: boolean | undefined;
    }
  | { readonly kind: "ping"; readonly request: number }
  | { readonly kind: "wake" }
  /** The mesh broke the protocol in a way that only the client sees. */
  | { readonly kind: "fault"; readonly message: string }
  | { readonly kind: "leave" };

/** Messages from service to client. */
export type ToClient =
  | {
      readonly kind: "state";
      readonly state: LinkStateName;
      readonly error?: PushErrorData | undefined;
      readonly retryInMs?: number | undefined;
      /** Mesh clock minus device clock, milliseconds. */
      readonly clockOffsetMs: number;
    }
  /** The app's registration in the mesh, sent after each Welcome; `regId` is null for none. */
  | {
      readonly kind: "registration";
      readonly regId: string | null;
      readonly identity?: string | undefined;
      /** It receives nothing until its grant is renewed. */
      readonly lapsed?: boolean | undefined;
      /** The epoch with which the mesh seals; absent for none. */
      readonly epoch?: number | undefined;
      /** Shows that the regId is of the mesh. */
      readonly proof?: Uint8Array | undefined;
      /** Of the settings that the mesh has; absent for none. */
      readonly delivery?: number | undefined;
    }
  /** Asks for a grant; the answer is `granted`, whenever there is one. */
  | {
      readonly kind: "grant";
      readonly request: number;
      readonly deviceId: string;
      readonly reason: GrantReason;
    }
  /** The app's server removed the registration; sent at each link until the app registers again. */
  | { readonly kind: "removed"; readonly error: PushErrorData }
  /** `turn` is that of the last `listen`: what was sent before it comes again. */
  | {
      readonly kind: "deliver";
      readonly link: number;
      readonly turn?: number | undefined;
      readonly message: Incoming;
    }
  /** The message with this key must not be shown, unless it was shown already. */
  | ({ readonly kind: "withdraw" } & Omit<Withdraw, "slot">)
  | { readonly kind: "aliasLost"; readonly alias: string }
  /** A frame of the mesh that only the app can read. */
  | {
      readonly kind: "sealed";
      readonly link: number;
      /** As of `deliver`. */
      readonly turn?: number | undefined;
      readonly epoch: number;
      readonly number: number;
      readonly body: Uint8Array;
      /** Messages in it come again: the app has stopped listening since they were sent. */
      readonly isLate: boolean;
      /** Clock of the mesh when it arrived, milliseconds since 1970. */
      readonly atMs: number;
    }
  /** Asks the app to seal its command of this request; in the frame, its number is `wireRequest`. */
  | {
      readonly kind: "seal";
      readonly request: number;
      readonly wireRequest: number;
      /** Of the link. */
      readonly session: Uint8Array;
      readonly slot: number;
    }
  /**
   * A request succeeded. `value` is the regId for `register`, "" for `unregister`, milliseconds for `ping`, a description for
   * `describe`, and undefined otherwise. `identity`, `epoch` and `proof` are those of the registration. The number 0 is an unregister that the
   * push service found in the storage: `signOut`.
   */
  | {
      readonly kind: "done";
      readonly request: number;
      readonly value: Answer;
      readonly signOut?: string | undefined;
      readonly identity?: string | undefined;
      readonly epoch?: number | undefined;
      readonly proof?: Uint8Array | undefined;
    }
  /** A request failed; without a request number, an error that belongs to no request. */
  | { readonly kind: "failed"; readonly request?: number; readonly error: PushErrorData };

/** One end of a port, such as a MessagePort. The service sets `onmessage` before the client posts. */
export interface Port<Out, In> {
  postMessage(message: Out): void;
  /** By its method, so that TypeScript takes a MessagePort, whose handler wants more of an event than `data`. */
  onmessage: { take(event: { readonly data: In }): void }["take"] | null;
  close(): void;
}

export type ClientPort = Port<ToService, ToClient>;
export type ServicePort = Port<ToClient, ToService>;

/** One end of the in-process pair. */
class PairedPort<Out, In> implements Port<Out, In> {
  onmessage: Port<Out, In>["onmessage"] = null;
  #peer: PairedPort<In, Out> | undefined;

  join(peer: PairedPort<In, Out>): void {
    this.#peer = peer;
  }

  postMessage(message: Out): void {
    const peer = this.#peer;
    // Never in the caller's own turn: a MessagePort does not call back into its sender either.
    queueMicrotask(() => peer?.onmessage?.({ data: message }));
  }

  close(): void {
    this.#peer = undefined;
    this.onmessage = null;
  }
}

/**
 * Two ends in one process. What one end posts, the other receives in order, in a microtask, without a copy. Messages that arrive
 * before `onmessage` is set are lost, so the side that posts second must set it before the other side posts.
 */
export function portPair<A = ToService, B = ToClient>(): {
  readonly client: Port<A, B>;
  readonly service: Port<B, A>;
} {
  const client = new PairedPort<A, B>();
  const service = new PairedPort<B, A>();
  client.join(service);
  service.join(client);
  return { client, service };
}
