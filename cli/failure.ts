/** How a command fails. */

/** Exit codes of every command. 0 means done; for `send`: delivered, queued or sent. */
export const EXIT = {
  /** A wrong or missing option. */
  usage: 2,
  /** The mesh refused, or the message was not delivered. */
  refused: 3,
  /** The mesh could not be reached. */
  network: 4,
} as const;

/** Printed in one line on stderr, without a stack. */
export class CliFailure extends Error {
  readonly exitCode: number;
  /** What to do about it. */
  readonly advice: string | undefined;
  /** Code in docs/errors.md, or of an SDK. */
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
