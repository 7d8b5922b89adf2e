/** The error class of the SDKs. `instanceof PushError` works across their entries, each of which has its own copy of the class. */
import type { PushErrorCode, PushErrorData } from "./device/errors.ts";

/** Marks the errors of every copy of this class: each entry of the package bundles its own, and a page may load two versions. */
const BRAND: unique symbol = Symbol.for("pushmesh.PushError") as never;

/**
 * Every error that the SDKs throw, reject with or report.
 *
 * @example
 * try { await client.register(); }
 * catch (error) { if (error instanceof PushError && error.code === "app_unknown") fixTheAppId(); }
 */
export class PushError extends Error implements PushErrorData {
  override readonly name: string = "PushError";
  declare readonly code: PushErrorCode;
  declare readonly retry: PushErrorData["retry"];
  declare readonly retryAfterMs?: number | undefined;
  declare readonly closeCode?: number | undefined;
  declare readonly messageId?: string | undefined;
  declare readonly attempt?: number | undefined;
  declare readonly issues?: PushErrorData["issues"];
  declare readonly received?: PushErrorData["received"];

  static {
    Object.defineProperty(PushError.prototype, BRAND, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // A subclass inherits this, and asks for itself.
    // biome-ignore lint/complexity/noThisInStatic: `this` is the class on the right of `instanceof`.
    if (this !== PushError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === "object" && value !== null && BRAND in value;
  }

  constructor(data: PushErrorData) {
    super(data.message);
    Object.assign(this, data);
  }
}
