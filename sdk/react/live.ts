/** A tag that a component listens to live. */
import { useEffect, useRef, useState } from "react";
import type { LiveMessageBody } from "../../schema/http.ts";
import { type ListenOptions, type ListenState, listenLive } from "../device/live/mod.ts";

/** What a component shows of the tag. */
export interface LiveView {
  readonly state: ListenState["name"];
  /** Why it waits, or was closed. */
  readonly error: unknown;
  /** The last message. */
  readonly latest: LiveMessageBody | undefined;
  /** How many listen; undefined until that is known. */
  readonly listeners: number | undefined;
}

const START: LiveView = {
  ...{ state: "connecting", error: undefined },
  ...{ latest: undefined, listeners: undefined },
};

/** What may change without a new connection. */
type Handlers = "onMessage" | "onPresence" | "onState";

/**
 * Listens to a tag while the component is mounted; again from the beginning when `url`, `appId` or `tag` changes. On a server, nothing is connected.
 *
 * @param options as of `listenLive`; handlers are optional, and those of the last render count
 */
export function useLive(
  options: Omit<ListenOptions, Handlers> & Partial<Pick<ListenOptions, Handlers>>,
): LiveView {
  const { url, appId, tag } = options;
  const latest = useRef(options);
  useEffect(() => {
    latest.current = options;
  });
  const [view, setView] = useState(START);
  useEffect(() => {
    setView(START);
    const listener = listenLive({
      ...latest.current,
      ...{ url, appId, tag },
      onMessage(message) {
        latest.current.onMessage?.(message);
        setView((now) => ({ ...now, latest: message }));
      },
      onPresence(listeners) {
        latest.current.onPresence?.(listeners);
        setView((now) => ({ ...now, listeners }));
      },
      onState(state) {
        latest.current.onState?.(state);
        const error = "error" in state ? state.error : undefined;
        setView((now) => ({ ...now, state: state.name, error }));
      },
    });
    return () => listener.close();
  }, [url, appId, tag]);
  return view;
}
