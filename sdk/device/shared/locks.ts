/** Web Locks, as tabs use them: held for a while, or watched until their holder is gone. */

/** Holds a lock. Resolves, when it has it, with what releases it. */
export async function holdLock(name: string): Promise<() => void> {
  const held = Promise.withResolvers<void>();
  const over = Promise.withResolvers<void>();
  navigator.locks
    .request(name, () => {
      held.resolve();
      return over.promise;
    })
    .catch(held.reject);
  await held.promise;
  return over.resolve;
}

/** Calls `act` once the holder of the lock has released it, or is gone. The returned function ends the watch. */
export function watchLock(name: string, act: () => void): () => void {
  const abort = new AbortController();
  const { signal } = abort;
  // Shared, so that watchers do not wait for each other.
  navigator.locks.request(name, { mode: "shared", signal }, act).catch(() => {});
  return () => abort.abort();
}
