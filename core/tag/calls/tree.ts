/** Calls between a node and its parent. Plain data: it crosses RPC. */

/** From a node to its parent: the size of its subtree. */
export interface CountReport {
  /** Of the reporting node. */
  readonly digit: string;
  readonly members: number;
  readonly nodes: number;
  /** Levels of the subtree: 1 for a leaf. */
  readonly depth: number;
  /** How often the node was closed or opened: see core/tag/tree/open-state.ts. Absent for never. */
  readonly turns?: number;
  /** Of an unused node: milliseconds since 1970 from which on it may be asked to go. Absent for at once. */
  readonly neededUntil?: number;
}

/** The parent's answer to a report. */
export interface CountAnswer {
  /** Position of the last broadcast that the parent may have served without the child. */
  readonly head: number;
  /** The parent does not exist. */
  readonly isUnborn?: boolean;
  /** The app was deleted, and the child was left out of its end: it takes no member. Absent from a node of an older version. */
  readonly isEnded?: boolean;
  /** The turn of a later report that the parent has. It ignored this one. */
  readonly turns?: number;
}

/** The answer of a child that was asked to go. */
export type GoAnswer =
  /** It was erased. */
  | { readonly gone: true }
  /** Do not ask before this time, milliseconds since 1970. */
  | { readonly gone: false; readonly neededUntil: number };
