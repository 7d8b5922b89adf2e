/** How a tab asks a SharedWorker to lead. */
/** What the SDK uses of a SharedWorker. */
export interface PushWorker {
  readonly port: { postMessage(message: unknown): void };
  addEventListener(type: "error", listener: () => void): void;
}

/** What the worker cannot know by itself. */
export interface Summons {
  /** Name of the IndexedDB database. */
  readonly storage: string;
  readonly url: string | readonly string[];
  readonly identifiers: readonly string[];
}

/** @param worker starts it, or finds the one that runs */
export function summonWorker(
  worker: () => PushWorker,
  summons: Summons,
): (onFailed: () => void) => void {
  return (onFailed) => {
    const started = worker();
    started.addEventListener("error", onFailed);
    started.port.postMessage({ kind: "lead", ...summons });
  };
}
