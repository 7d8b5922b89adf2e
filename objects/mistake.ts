/** Which errors of an object that calls others are no refusal and no failure of theirs. */

/** Whether it is a mistake in the program, which breaks off a handler anywhere, and leaves half of what it was about in memory. */
export const isMistake = (error: unknown): boolean =>
  (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) &&
  // Of another object, as Cloudflare's runtime marks it.
  (error as { readonly remote?: unknown }).remote !== true;
