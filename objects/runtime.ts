/** The ports of an object: all that it may ask of its host, apart from its store and other objects. */
import type { LinkSnapshot } from "../core/device/link/snapshot.ts";
import type { ErrorCode } from "../schema/errors.ts";

/** One object as its host runs it. There is only one object of a name at a time. */
export interface ObjectRuntime<Store> {
  readonly name: string;
  /** Milliseconds since 1970. The clock may be set forward or back. */
  now(): number;
  /** A number from 0 up to 1, for spreading things out: it may be guessed. */
  random(): number;
  randomBytes(count: number): Uint8Array;
  /** Opens what is stored, for one life of the object's memory: see `Memory`. */
  open(): Stored<Store>;
  /** Whether the disk is known to take no writes. Then writes that can wait are not tried. */
  readonly isFailing: boolean;
  /** Frees the storage of an object that stores nothing: on Workers even an empty database takes 12 KB. */
  free(): Promise<void>;
  readonly alarm: AlarmPort;
  readonly scheduler: Scheduler;
  readonly residence: Residence;
  /** Reports a failure that no caller sees. */
  reportError(error: unknown): void;
}

/** A store that can become empty, so that the object has something to free: see `ObjectRuntime.free`. */
export interface Erasable {
  /** Whether anything is stored. */
  readonly exists: boolean;
}

/** How long an object stays in memory. */
export interface Residence {
  /**
   * Whether the host evicts the object without notice when nothing runs (Workers). If so, the object saves after every handler what must
   * survive that, and waits with its alarm instead of timers, which would keep it in memory. Otherwise the host asks it to leave memory.
   */
  readonly hibernates: boolean;
  /** How many times the host has looked for idle objects. Objects note it as the time of their last use, because a clock may jump. */
  readonly sweeps: number;
  /** The object is in use from now on: the host asks it now and then whether it can leave memory. */
  woke(): void;
}

/** The rows of an object, as one life of its memory reads and writes them. */
export interface Stored<Store> {
  readonly store: Store;
  readonly storage: StoragePort;
}

/** Whether what one life of an object's memory wrote is stored, and whether that memory can be trusted. */
export interface StoragePort {
  /** Why the memory cannot be trusted any more; null while it can. */
  readonly failure: unknown;
  /**
   * When all that was written is durable. Null if effects may leave at once: nothing is being written, or the platform itself holds them
   * back (the output gate of Workers). An online send writes nothing, and must not wait even for a microtask.
   *
   * Rejects with a `StorageError`; then `failure` is set.
   */
  gate(): Promise<void> | null;
  /** Runs a handler that writes everything or nothing, as far as the host can undo what a single object wrote. */
  atomic<Answer>(run: () => Answer): Answer;
  /** Ends this life; its writes stand. */
  end(error: unknown): void;
  /**
   * Ends this life in the middle of a handler. A host that can undo the handler's writes does so.
   *
   * @returns the reason for the end: the first one given
   */
  fail(error: unknown): unknown;
}

/** The only alarm of an object, set for the earliest time asked for. It is never moved to a later time, because that costs a row. */
export interface AlarmPort {
  /** When it is due, milliseconds since 1970; null if it is not set, undefined if that is unknown until `load`. */
  readonly at: number | null | undefined;
  load(): Promise<void>;
  /**
   * Sets it, unless it is set for that time or an earlier one. Writes one row. It may be set for a later time if too many are due at once.
   *
   * @returns null if there is nothing to wait for besides the gate. Rejects with a `StorageError` if it could not be set
   */
  set(at: number): Promise<void> | null;
  /** It has rung, and is not set any more. */
  fired(): void;
  clear(): void;
}

/** Time, and turns of the one thread that objects share. */
export interface Scheduler {
  /** Calls `onEnd` once, after `ms` or up to 100 ms earlier. What `onEnd` throws is reported. */
  timer(ms: number, onEnd: () => void): Timer;
  sleep(ms: number): Promise<void>;
  /** Resolves when sockets, timers and requests had their turn. */
  yield(): Promise<void>;
  /** Leaves the thread to single sends, for as long as suits this host. */
  rest(): Promise<void>;
}

export interface Timer {
  cancel(): void;
}

/** The mesh's end of a device's link. */
export interface SocketPort {
  /** Bytes that were sent and have not left yet. */
  readonly bufferedBytes: number;
  /** Drops the frame if the socket is closed. */
  send(frame: Uint8Array): void;
  /** Closes the socket, unless it is closed already, with the close code and reason of an error. */
  close(code: ErrorCode, detail: string): void;
  /** Keeps a snapshot with the socket while the object sleeps; null gives the link up, in case the next life begins before its end is known. */
  save(snapshot: LinkSnapshot | null): void;
  /** The last snapshot saved; null if there is none. */
  saved(): LinkSnapshot | null;
  /**
   * Whether the device vanished without closing, on hosts that do not close such a socket themselves.
   *
   * @param openedAt when the link opened, milliseconds since 1970, as is `now`
   * @returns when the device was last heard of; null while it is alive
   */
  silentSince(openedAt: number, now: number): number | null;
}
