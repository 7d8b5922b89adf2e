/** Who may register, hold an alias or join a tag of an app: the app server alone, devices that it granted that, or anyone with the appId. */

/** `server`: only signed requests of the app server. `granted`: also devices whose grant names it. `open`: any device. */
export type Rule = "server" | "granted" | "open";

/** The rule of all names that start with a prefix. */
export interface PrefixRule {
  readonly prefix: string;
  readonly rule: Rule;
}

export interface AppPolicy {
  readonly register: Rule;
  readonly alias: readonly PrefixRule[];
  readonly tag: readonly PrefixRule[];
  /** Whether messages whose sender does not say it have `receipts`. Absent: not. */
  readonly receipts?: boolean;
}

const EVERY_NAME_OPEN: readonly PrefixRule[] = [{ prefix: "", rule: "open" }];

/** Of an app that was stored before there were policies. */
export const OPEN_POLICY: AppPolicy = {
  register: "open",
  alias: EVERY_NAME_OPEN,
  tag: EVERY_NAME_OPEN,
};

/** Of a new app. */
export const DEFAULT_POLICY: AppPolicy = { register: "granted", alias: [], tag: [] };

/**
 * The rule of a name: that of its longest prefix, `granted` if there is none.
 *
 * @param name well-formed, as prefixes are: then comparing code units compares bytes of UTF-8
 */
export function ruleFor(rules: readonly PrefixRule[], name: string): Rule {
  let longest: PrefixRule | null = null;
  for (const rule of rules) {
    const isLonger = longest === null || rule.prefix.length > longest.prefix.length;
    if (isLonger && name.startsWith(rule.prefix)) longest = rule;
  }
  return longest?.rule ?? "granted";
}

/** What an app stores of whom it trusts. */
export interface StoredTrust {
  /** Null for an app that was stored before there were policies: it counts as open. */
  readonly policy: AppPolicy | null;
  /** Rises with each change of the policy and of the keys: what was checked under an earlier version is checked again. */
  readonly version: number;
}

/** Of an app that was stored before there were policies. */
export const NO_TRUST: StoredTrust = { policy: null, version: 0 };
