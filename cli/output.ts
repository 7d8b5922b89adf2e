/** What commands print: lines for a person, or with --json one object a line. */

export interface Output {
  /**
   * One result.
   *
   * @param json the object of --json.
   * @param text the line, or lines, for a person.
   */
  result(json: object, text: string): void;
  /** Something on the way, to stderr; nothing with --json, whose reader asked for results. */
  note(text: string): void;
}

export function outputFor(json: boolean): Output {
  return json
    ? {
        result: (value) => process.stdout.write(`${JSON.stringify(value)}\n`),
        note: () => {},
      }
    : {
        result: (_, text) => process.stdout.write(`${text}\n`),
        note: (text) => process.stderr.write(`${text}\n`),
      };
}
