/** Options of a wait for what is to be seen soon: the bound ends a wait in vain, and is none of the promise. */
export const SOON = { timeout: 20_000 };
