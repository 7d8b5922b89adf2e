/** Tells programming errors from the refusals and failures of other objects. */

/** Whether an error is a mistake in this program. It can break off a handler anywhere, and leave memory half changed. */
export const isMistake = (error: unknown): boolean =>
  (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) &&
  // Cloudflare's runtime marks an error that another object threw.
  (error as { readonly remote?: unknown }).remote !== true;
