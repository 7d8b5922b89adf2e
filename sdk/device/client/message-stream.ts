/** Messages as an async iterable. */
import { isPushError } from "../errors.ts";
import type { PushMessage } from "./message.ts";
import { type MessageHandler, NOT_HANDLED } from "./message-handler.ts";

/** A message that waits for the loop, or is in its body. */
interface Held {
  readonly message: PushMessage;
  handled(): void;
  release(): void;
}

/**
 * One message at a time. It is handled when the next one is asked for, and is not if the loop ends before that. The others wait meanwhile, at most one of
 * each priority here, and the rest in the mesh.
 *
 * @param onMessage adds a handler, and returns what removes it
 * @param wait calls its argument when the client is closed, or the caller's signal fires, and returns what forgets it
 */
export async function* streamOf(
  onMessage: (handler: MessageHandler) => () => void,
  wait: (end: (error: unknown) => void) => () => void,
): AsyncGenerator<PushMessage, void, undefined> {
  const waiting: Held[] = [];
  let current: Held | undefined;
  let over: { readonly error: unknown } | undefined;
  let wake = (): void => {};
  const forget = wait((error) => {
    over ??= { error };
    stop();
    wake();
  });
  const remove = onMessage(
    (message) =>
      new Promise<void>((handled, reject) => {
        waiting.push({ message, handled, release: () => reject(NOT_HANDLED) });
        wake();
      }),
  );
  // Nobody listens any more before a message is released: see NOT_HANDLED.
  const stop = (): void => {
    remove();
    for (const { release } of waiting.splice(0)) release();
  };
  try {
    for (;;) {
      current?.handled();
      current = waiting.shift();
      if (current !== undefined) yield current.message;
      else if (over === undefined)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      else if (isPushError(over.error) && over.error.code === "client_closed") return;
      else throw over.error;
    }
  } finally {
    forget();
    stop();
    current?.release();
  }
}
