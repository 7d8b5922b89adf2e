/** What a client asks of its encryption. `webPushEncryption` of `pushmesh/encryption` makes one; apps without it do not load its code. */
import type { Host } from "../host.ts";
import type { Command } from "../port.ts";
import type { GuardedStorage } from "../storage/storage.ts";
import type { Content, Incoming } from "./message.ts";

export interface EncryptionContext {
  readonly appId: string;
  readonly storage: GuardedStorage;
  readonly host: Host;
  /** Sends a command to the mesh; without a network, it waits for one. */
  command(command: Command): Promise<unknown>;
  /** Whether the client is closed, or another one has taken over its link. */
  isClosed(): boolean;
  /** Reports an error that rejects no call. */
  report(error: unknown): void;
}

export interface Encryption {
  /** Called once, before any message arrives. Rejects if the keys cannot be read or made. */
  open(context: EncryptionContext): Promise<void>;
  /**
   * The mesh has this registration: called after each Welcome and each change. Resolves, and never rejects, when its key is
   * published.
   *
   * @param identity the same for the life of the registration; undefined for none
   */
  registered(identity: string | undefined): Promise<void>;
  /**
   * The content of a message, encrypted or not. Rejects with a PushError whose `retry` is `later` if it cannot be read now: the client tries again. With
   * any other error the app must not get it: the client drops the message.
   */
  read(message: Incoming): Promise<Content>;
}
