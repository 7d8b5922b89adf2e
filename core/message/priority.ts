/** Priority on the link: 1 high, 2 normal, 3 low. */
export type Priority = 1 | 2 | 3;

/** In the order in which they are served. */
export const PRIORITIES: readonly Priority[] = [1, 2, 3];
