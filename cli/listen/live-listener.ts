/**
 * `pushmesh listen --live`: listens to the broadcasts of tags without an account. With --json, `on` is the tag that is
 * listened to; `tag` is the first that the broadcast was sent to.
 */
import { type ListenState, type LiveListener, listenLive } from "../../sdk/device/live/mod.ts";
import { liveLine } from "../message/data.ts";
import type { Output } from "../output.ts";
import { interrupted } from "../signals.ts";
import { tagText } from "../terminal-text.ts";

export interface Audience {
  readonly url: string;
  readonly appId: string;
  readonly tags: readonly string[];
  /** Returns a listen token for a tag; undefined to listen without one. */
  readonly token: ((tag: string) => string | Promise<string>) | undefined;
}

function showState(state: ListenState, tag: string, output: Output): void {
  if (state.name === "listening") output.note(`listening to ${tagText(tag)}; Ctrl-C ends`);
  if (state.name !== "waiting") return;
  const seconds = (state.retryInMs / 1_000).toFixed(1);
  output.note(`not connected: ${state.error.message} Next try in ${seconds} s.`);
}

/** @param ended called with the reason when the listener ends for good */
function listenTo(
  tag: string,
  { url, appId, token }: Audience,
  output: Output,
  ended: (error: Error | undefined) => void,
): LiveListener {
  return listenLive({
    url,
    appId,
    tag,
    ...(token !== undefined && { token: () => token(tag) }),
    onMessage: (message) =>
      output.result({ on: tag, ...message }, liveLine(message, tag, Date.now())),
    onPresence: (listeners) =>
      output.result(
        { on: tag, type: "presence", listeners },
        `${tagText(tag)}: ${listeners} listening`,
      ),
    onState: (state) => {
      showState(state, tag, output);
      if (state.name === "closed") ended(state.error);
    },
  });
}

/** Listens until Ctrl-C. @throws PushError if it cannot listen to one of the tags */
export async function listenToTags(audience: Audience, output: Output): Promise<void> {
  const listeners: LiveListener[] = [];
  const interruption = interrupted();
  try {
    const closed = new Promise<Error | undefined>((ended) => {
      for (const tag of audience.tags) listeners.push(listenTo(tag, audience, output, ended));
    });
    const error = await Promise.race([closed, interruption]);
    if (error !== undefined) throw error;
  } finally {
    for (const listener of listeners) listener.close();
  }
}
