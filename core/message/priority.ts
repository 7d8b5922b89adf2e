/** Priority on the link: 1 high, 2 normal, 3 low. */
export type Lane = 1 | 2 | 3;
