/** Which of a tag's members a broadcast is for, as plain data. The device evaluates it, because it knows its own tags. */

/** The built-in tag of all devices of an app. No other tag is empty. */
export const EVERYONE = "";

/** A boolean expression over tags. */
export type Condition =
  | { readonly tag: string }
  | { readonly any: readonly Condition[] }
  | { readonly all: readonly Condition[] }
  | { readonly not: Condition };

/** What a device must have reported. All given parts must match. */
export interface Filter {
  /** One of these, in lower case. */
  readonly platform?: readonly string[];
  /** Inclusive bounds: numbers separated by dots, compared one by one; missing ones are 0. */
  readonly appVersion?: { readonly min?: string; readonly max?: string };
  /** One of these language ranges (RFC 4647 §3.3.1, basic filtering): "de" matches "de-AT". */
  readonly locale?: readonly string[];
  /** Each of these custom attributes must have one of its values. */
  readonly attributes?: Readonly<Record<string, readonly string[]>>;
}

/** What an app reported about itself on a device. */
export interface Attributes {
  readonly platform: string | null;
  readonly appVersion: string | null;
  readonly locale: string | null;
  readonly custom: Readonly<Record<string, string>>;
}
