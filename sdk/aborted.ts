/** Ends a wait by a signal, where what is waited for cannot be cancelled. */

/**
 * Settles as `wait` does, or rejects with the signal's reason as soon as that fires.
 *
 * @param begin begins what is waited for; not called if the signal has fired
 * @param undo takes back what comes after that
 */
export async function orAborted<T>(
  signal: AbortSignal | undefined,
  begin: () => Promise<T>,
  undo: (late: T) => unknown = () => {},
): Promise<T> {
  if (signal === undefined) return begin();
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort);
  const wait = begin();
  try {
    return await Promise.race([wait, aborted.promise]);
  } catch (error) {
    // If it was not the signal, then it was `wait`, which has no more to say.
    wait.then(undo).catch(() => {});
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
