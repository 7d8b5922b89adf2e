/** The events of the public client. */
import type { PushError } from "../errors.ts";
import { Listeners } from "./events.ts";
import type { StateChange } from "./options.ts";

/** A recalled message. */
export interface RecalledMessage {
  /** As `PushMessage.id`, unless the regId has changed since: compare the part before the dot. */
  readonly id: string;
}

export abstract class ClientEvents {
  /** Of each kind of event. */
  protected readonly listeners = {
    state: new Listeners<[change: StateChange]>(),
    error: new Listeners<[error: PushError]>(),
    regId: new Listeners<[regId: string, isNew: boolean]>(),
    lostAlias: new Listeners<[alias: string]>(),
    removed: new Listeners<[error: PushError]>(),
    recalled: new Listeners<[message: RecalledMessage]>(),
  };

  /**
   * Fires on every change of the link's state, but not with the current state. `connecting` fires for each attempt,
   * `connected` when the mesh has welcomed the device, and `waiting` with the reason and the time until the next attempt. `closed`
   * fires once: with an error if the mesh said that reconnecting does not help, and without one after `close`. Heartbeats
   * fire nothing.
   *
   * @returns a function that removes the listener
   */
  onState(listener: (change: StateChange) => void): () => void {
    return this.listeners.state.add(listener);
  }

  /**
   * Fires with errors that reject no call:
   *
   * - `handler_failed`
   * - `handler_stuck`, once per message, when its handler has been running for 30 s. The messages behind it wait, and the message stays
   *   unacknowledged
   * - `data_invalid` and `decrypt_failed`, with the ID of the message that was dropped
   * - `sealed_invalid`, at most once a minute: the push service passed frames that are not from the mesh, or a regId that it has not proven.
   *   The SDK dropped them; it sets up another key with the mesh once a link, and what was dropped comes again
   * - `sealing_unsupported`, once, if the runtime has no X25519: the push service can then read the app's messages
   * - `grant_failed`, each time the `grant` callback fails. The SDK calls it again after 1 s, doubling to 60 s
   * - `storage_failed` of the duplicate window, at each attempt to write (after up to 1 s, doubling to 60 s)
   * - `storage_failed` with the ID of an encrypted message whose key could not be read. The message waits and is tried again after 1 s,
   *   doubling to 60 s
   * - errors of the mesh that answer no call
   *
   * It does not fire when the link ends; see `onState`. Without a listener, errors go to the console.
   *
   * @returns a function that removes the listener
   */
  onError(listener: (error: PushError) => void): () => void {
    return this.listeners.error.add(listener);
  }

  /**
   * Fires when the regId changes: after the first `register`, after the mesh issued a new one because the device's account was
   * created anew, and after a change of the mesh's keys. Send it to the app server.
   *
   * `isNew` is true for a new registration: set tags, aliases and attributes again, because they ended with the earlier one. It is
   * false if only the keys changed: the registration is the same with everything it has, and its earlier regId stays valid
   * as long as the mesh keeps the old key.
   *
   * @returns a function that removes the listener
   */
  onRegId(listener: (regId: string, isNew: boolean) => void): () => void {
    return this.listeners.regId.add(listener);
  }

  /**
   * Fires with an alias that another registration took exclusively; this one no longer holds it. It does not fire if this
   * app or its server took the alias away, or if the alias was lost while this device had no link; use `describe`.
   *
   * @returns a function that removes the listener
   */
  onAliasLost(listener: (alias: string) => void): () => void {
    return this.listeners.lostAlias.add(listener);
  }

  /**
   * Fires when a sender recalls a message that this app has, or that a handler is working on: take it off the display. Without a link, it fires on the
   * next one. A message that no handler has seen fires nothing, and does not arrive any more.
   *
   * @returns a function that removes the listener
   */
  onRecalled(listener: (message: RecalledMessage) => void): () => void {
    return this.listeners.recalled.add(listener);
  }

  /**
   * Fires when the app's server has removed the registration: its regId, tags, aliases and waiting messages have ended. It fires once, at
   * once or with the next link, with the error `removed`, or `banned` if this device may not register for `retryAfterMs`. The SDK does not
   * register again by itself; call `register` when the user or your server agrees. Without a listener, the error goes to `onError`.
   *
   * @returns a function that removes the listener
   */
  onRemoved(listener: (error: PushError) => void): () => void {
    return this.listeners.removed.add(listener);
  }
}
