/** Which of a tag's members a broadcast is for, as plain data. The device evaluates it, because it knows its own tags. */

/** The built-in tag of all devices of an app. No other tag is empty. */
export const EVERYONE = "";

/** A boolean expression over tags. */
export type Condition =
  | { readonly tag: string }
  | { readonly any: readonly Condition[] }
  | { readonly all: readonly Condition[] }
  | { readonly not: Condition };

/** What must be known of a device. All given parts must match. */
export interface Filter {
  /** One of these, in lower case. */
  readonly platform?: readonly string[];
  /** Inclusive bounds: numbers separated by dots, compared one by one; missing ones are 0. */
  readonly appVersion?: { readonly min?: string; readonly max?: string };
  /** One of these language ranges (RFC 4647 §3.3.1, basic filtering): "de" matches "de-AT". */
  readonly locale?: readonly string[];
  /** Each of these custom attributes must have one of its values, granted or reported. */
  readonly attributes?: Readonly<Record<string, readonly string[]>>;
  /** The same, but only the app's server can have given these, by a grant: what a device reports of itself does not count. */
  readonly granted?: Readonly<Record<string, readonly string[]>>;
}

/** Custom attributes that the app's server gave a registration, by a grant. */
export type Granted = Readonly<Record<string, string>>;

export const NOTHING_GRANTED: Granted = {};

/** What an app reported about itself on a device. */
export interface Attributes {
  readonly platform: string | null;
  readonly appVersion: string | null;
  readonly locale: string | null;
  readonly custom: Readonly<Record<string, string>>;
}

/** All attributes of a registration, by origin. */
export interface KnownAttributes extends Attributes {
  /** `custom` has none of these names. */
  readonly granted: Granted;
}
