/** A connection to a front without a network: what the client sends is pushed, what the server writes is kept. */
import type { Admission, Entry } from "../../../hosts/machine/net/admission/admission.ts";

/** A request as whoever is behind the front was given it. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly body: string;
}

/** The client's end. */
export interface ClientEnd {
  /** All that the server has written, one character a byte. */
  readonly written: string;
  readonly isClosed: boolean;
  /** The server writes no more. */
  readonly isWriteClosed: boolean;
  push(bytes: Uint8Array | string): void;
  /** The client sends no more. */
  end(): void;
}

export interface Served {
  readonly conn: ClientEnd;
  readonly admission: Admission;
  readonly entry: Entry;
  /** Each was answered with its place among them, from 1. */
  readonly seen: Seen[];
  /** Codes of what was refused before it was a request. */
  readonly refused: string[];
  /** Moves the clock, and looks for what is late. */
  wait(ms: number): void;
  /** Whether the client reads what is written to it. */
  reads(reads: boolean): void;
}

/** Turns of the event loop: streams that are joined take one each. */
const TURNS = 12;

/** Lets what was pushed be read and answered: nothing here waits for anything but promises and turns of the event loop. */
export async function settled(): Promise<void> {
  for (let i = 0; i < TURNS; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}
