/** The names by which the tabs of one storage find each other: of Web Locks, and of BroadcastChannels. */

/** The lock that the leader holds, and the channel on which it is looked for. */
export const leaderName = (storage: string): string => `pushmesh:${storage}`;

const tabsOf = (storage: string): string => `${leaderName(storage)}/tab/`;

/** The lock that a tab holds as long as it is there. */
export const tabLock = (storage: string, appId: string, id: string): string =>
  `${tabsOf(storage)}${appId}/${id}`;

/** The tab that a lock is for; undefined if it is for none of this storage. */
export function tabOfLock(
  storage: string,
  name = "",
): { readonly appId: string; readonly id: string } | undefined {
  if (!name.startsWith(tabsOf(storage))) return undefined;
  const [appId, id] = name.slice(tabsOf(storage).length).split("/");
  return appId && id ? { appId, id } : undefined;
}

/** The channel between a tab and its leader. */
export const pipeName = (storage: string, id: string): string => `${leaderName(storage)}/${id}`;

/** On the leader's channel. */
export type LobbyMessage =
  /** A tab looks for the leader, or whether it is awake. */
  | { readonly kind: "hello"; readonly appId: string; readonly id: string }
  /**
   * The leader is there: said to all when its term begins, and to a tab that looks for it. Without a term, it is not ready yet. `lock` is free once
   * it is gone.
   */
  | {
      readonly kind: "alive";
      readonly to?: string | undefined;
      readonly lock: string;
      readonly term?: number | undefined;
    };

/** On a tab's channel. */
export interface PipeMessage<T> {
  readonly to: "tab" | "leader";
  readonly term: number;
  readonly data: T;
}
