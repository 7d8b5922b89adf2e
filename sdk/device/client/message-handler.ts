/** What a message handler is. */
import type { PushData, PushMessage } from "./message.ts";

/** Handles one message. When it returns, or what it returns resolves, it has handled it. */
export type MessageHandler<T = PushData> = (message: PushMessage<T>) => unknown;

/**
 * What a handler rejects with if nobody was there to handle the message. Its client stops listening before that, so that the message comes
 * again, and nothing behind it is acknowledged.
 */
export const NOT_HANDLED = Symbol("not handled");
