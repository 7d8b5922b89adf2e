/** Results of a change to several registrations, one a line. */
import type { RegistrationResult } from "../schema/http.ts";
import { CliFailure, EXIT } from "./failure.ts";
import type { Output } from "./output.ts";

/** @throws CliFailure if some were refused, after all results are printed. */
export function printResults(output: Output, results: readonly RegistrationResult[]): void {
  let first: string | undefined;
  let refused = 0;
  for (const result of results) {
    if (result.ok) {
      output.result(result, `ok  ${result.regId}`);
      continue;
    }
    refused++;
    first ??= result.error;
    output.result(result, `refused  ${result.regId}  ${result.error}: ${result.detail}`);
  }
  if (first !== undefined)
    throw new CliFailure(EXIT.refused, first, `${refused} of ${results.length} were refused`);
}
