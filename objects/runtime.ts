/** The ports of an object: all that it may ask of its host, besides its store and other objects. */
import type { LinkSnapshot } from "../core/device/link/snapshot.ts";
import type { ErrorCode } from "../schema/errors.ts";

/** One object as its host runs it. There is one of a name at a time. */
export interface ObjectRuntime<Store> {
  readonly name: string;
  /** Milliseconds since 1970; may be set back and forth. */
  now(): number;
  randomBytes(count: number): Uint8Array;
  /** Opens what is stored, for one life of the object's memory: see `Memory`. */
  open(): Stored<Store>;
  /** Whether the disk is known to take no writes: then it is not asked for those that can wait. */
  readonly isFailing: boolean;
  /** Frees the storage of an object that stores nothing: on Workers even an empty database takes 12 KB. */
  free(): Promise<void>;
  readonly alarm: AlarmPort;
  readonly scheduler: Scheduler;
  readonly residence: Residence;
  /** Told of failures that no caller sees. */
  reportError(error: unknown): void;
}

/** The store of an object that can come to store nothing, and then has something to free: see `ObjectRuntime.free`. */
export interface Erasable {
  /** Whether anything is stored. */
  readonly exists: boolean;
}

/** How long an object stays in memory. */
export interface Residence {
  /**
   * Whether the host takes it out of memory unannounced where nothing runs (Workers): then what has to outlast that is saved after every
   * handler, and waits for the alarm rather than for a timer, which would keep it in memory. Otherwise the host asks it to leave.
   */
  readonly hibernates: boolean;
  /** How often the host has looked for idle objects: the time by which one was used last. Counted, because a clock may jump. */
  readonly sweeps: number;
  /** The object has something to do from now on: the host asks it now and then whether it can leave. */
  woke(): void;
}

/** The rows of an object, as one life of its memory reads and writes them. */
export interface Stored<Store> {
  readonly store: Store;
  readonly storage: StoragePort;
}

/** Whether what one life of an object's memory wrote is stored, and whether that memory may be trusted. */
export interface StoragePort {
  /** Why what is in memory is not to be trusted any more; null while it is. */
  readonly failure: unknown;
  /**
   * When all that was written is durable. Null where effects may leave at once: nothing is under way, or the platform itself holds
   * them back (the output gate of Workers). An online send writes nothing, and is not to wait even for a microtask.
   *
   * Rejects with a `StorageError`; then `failure` is set.
   */
  gate(): Promise<void> | null;
  /** Runs a handler that writes everything or nothing, as far as the host can undo what one object has written. */
  atomic<Answer>(run: () => Answer): Answer;
  /** Ends this life with all that it has written. */
  end(error: unknown): void;
  /**
   * Ends this life in the middle of a handler. A host that can undo what that has written does so.
   *
   * @returns the reason that stands: the first
   */
  fail(error: unknown): unknown;
}

/** The one alarm of an object, for the earliest of the times it is set to: never moved later, which would cost a row. */
export interface AlarmPort {
  /** When it is set for, milliseconds since 1970; null for not at all, undefined where that is not known before `load`. */
  readonly at: number | null | undefined;
  load(): Promise<void>;
  /**
   * Sets it, where none stands that is as early: one row. It may come later where too many are due at once.
   *
   * @returns null where nothing is to be waited for besides the gate. Rejects with a `StorageError` where it could not be set
   */
  set(at: number): Promise<void> | null;
  /** It has come. */
  fired(): void;
  /** None is set any more. */
  clear(): void;
}

/** Time, and turns of the one thread that objects share. */
export interface Scheduler {
  /** Calls back once, after `ms` or up to 100 ms earlier. What `onEnd` throws is reported. */
  timer(ms: number, onEnd: () => void): Timer;
  /** Resolves after some time. */
  sleep(ms: number): Promise<void>;
  /** Resolves when sockets, timers and requests had their turn. */
  yield(): Promise<void>;
  /** Resolves when single sends had their time; at once where there are none. */
  rest(): Promise<void>;
}

export interface Timer {
  cancel(): void;
}

/** The mesh's end of a device's link. */
export interface SocketPort {
  /** Bytes that it holds unsent. */
  readonly bufferedBytes: number;
  /** Drops the frame where it is closed. */
  send(frame: Uint8Array): void;
  /** Closes it, if it is not closed yet, with the number and the reason of an error. */
  close(code: ErrorCode, detail: string): void;
  /** What stays with it while the object sleeps; null once it is given up, for the object may not hear of its end before the next life. */
  save(snapshot: LinkSnapshot | null): void;
  /** What was saved last; null where nothing was. */
  saved(): LinkSnapshot | null;
  /**
   * Whether its device is gone without a word, where the host does not close such a socket by itself.
   *
   * @param openedAt when the link opened, milliseconds since 1970, as is `now`
   * @returns when it was last heard of; null where it lives
   */
  silentSince(openedAt: number, now: number): number | null;
}
