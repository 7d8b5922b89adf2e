/** Tells programming errors from refusals and from failures of other objects. */

/** Whether an error is a bug of this program. It can break off a handler anywhere, and leave its memory half changed. */
export const isProgrammingError = (error: unknown): boolean =>
  (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) &&
  // Cloudflare's runtime marks an error that another object threw.
  (error as { readonly remote?: unknown }).remote !== true;
