/** Wrong admin tokens since the last change that was recorded: counted, because a stranger could fill a log of each. */
export const guesses = { count: 0 };
