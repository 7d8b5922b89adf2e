/**
 * Header of the answer to a connect whose device has a registration: a front before the worker keeps those links where there
 * is not room for all. It has no value that matters.
 */
export const REGISTERED_HEADER = "x-pushmesh-registered";
