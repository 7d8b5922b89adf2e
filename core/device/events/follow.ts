/** Which messages are followed: those with `trace` or `receipts`. Only those have events. */
import type { KeptOptions } from "../../message/options.ts";

export const isFollowed = (options: KeptOptions | null | undefined): options is KeptOptions =>
  options?.trace === true || options?.receipts === true;

/** The options to keep of a message whose row is deleted while its end is unknown; null if nobody follows it. */
export function followOf(options: KeptOptions | null | undefined): KeptOptions | null {
  if (!isFollowed(options)) return null;
  const { trace, receipts, label } = options;
  return {
    ...(trace ? { trace } : {}),
    ...(receipts ? { receipts } : {}),
    ...(label === undefined ? {} : { label }),
  };
}

/** The flags as bits: 1 for `trace`, 2 for `receipts`. */
export const followBits = (options: KeptOptions | null | undefined): number =>
  (options?.trace ? 1 : 0) + (options?.receipts ? 2 : 0);

/** The inverse of `followBits`, without the label. */
export const followOfBits = (bits: number): KeptOptions | null =>
  bits === 0
    ? null
    : {
        ...((bits & 1) === 0 ? {} : { trace: true }),
        ...((bits & 2) === 0 ? {} : { receipts: true }),
      };
