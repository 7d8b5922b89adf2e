/** How a command ends otherwise than well. */

/** Exit codes of every command. 0 is: done; of `send`: delivered, queued or sent. */
export const EXIT = {
  /** A wrong option, or one that is missing. */
  usage: 2,
  /** The mesh refused, or the message ended otherwise than delivered. */
  refused: 3,
  /** The mesh could not be reached. */
  network: 4,
} as const;

/** Told in one line on stderr, without a stack. */
export class CliFailure extends Error {
  readonly exitCode: number;
  /** What to do about it. */
  readonly advice: string | undefined;
  /** Name in the error table of the mesh (docs/errors.md) or of an SDK. */
  readonly code: string;

  constructor(exitCode: number, code: string, message: string, advice?: string) {
    super(message);
    this.exitCode = exitCode;
    this.code = code;
    this.advice = advice;
  }
}

export const usageFailure = (message: string): CliFailure =>
  new CliFailure(EXIT.usage, "usage", message);
