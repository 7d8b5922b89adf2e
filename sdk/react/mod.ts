/**
 * Push in React components.
 *
 * @example
 * import { connect } from "pushmesh/device";
 * import { PushProvider, useMessages, usePush } from "pushmesh/react";
 *
 * const App = () => (
 *   <PushProvider connect={() => connect({ url: "https://push.example.com", appId: "…" })}>
 *     <Inbox />
 *   </PushProvider>
 * );
 *
 * function Inbox() {
 *   const { state, regId, register } = usePush();
 *   const [latest, setLatest] = useState("");
 *   useMessages(({ data }) => setLatest(String(data)));
 *   return regId === undefined ? <button onClick={() => register()}>Tell me</button> : <p>{state}: {latest}</p>;
 * }
 *
 * @module pushmesh/react
 */
import {
  createContext,
  createElement,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import type { PushData, PushMessage } from "../device/client/message.ts";
import type { MessageHandler } from "../device/client/message-handler.ts";
import type { RegisterOptions } from "../device/client/options.ts";
import type { PushClient } from "../device/push-client.ts";
import { IDLE, PushSession, type PushStatus } from "./session.ts";

export { type LiveView, useLive } from "./live.ts";
export type { PushStatus } from "./session.ts";

const Context = createContext<PushSession | null>(null);

export interface PushProviderProps {
  /** Connects, usually by `connect` of `pushmesh/device`. Called again only after an error whose `retry` is `later`; a function given later is ignored. */
  readonly connect: () => Promise<PushClient<unknown>>;
  readonly children?: ReactNode;
}

/** Gives the components in it one client. It connects when it is mounted, never on a server, and closes the client when it is gone. */
export function PushProvider({ connect, children }: PushProviderProps): ReactNode {
  const [session] = useState(() => new PushSession(connect));
  useEffect(() => session.use(), [session]);
  return createElement(Context.Provider, { value: session }, children);
}

function useSession(): PushSession {
  const session = useContext(Context);
  if (session === null) throw new Error("there is no PushProvider around this component");
  return session;
}

/**
 * What a component shows of the client, and what it does with it.
 *
 * @template T the type of `message.data` of the client
 */
export interface Push<T = PushData> extends PushStatus {
  /** Undefined until it is connected, and on a server. */
  readonly push: PushClient<T> | undefined;
  /** As of `PushClient`; waits until it is connected. */
  readonly register: (options?: RegisterOptions) => Promise<string>;
  readonly signOut: () => Promise<void>;
}

/**
 * The client and its state: renders again when that changes.
 *
 * @template T the type of `message.data`, of the client that the provider connects
 */
export function usePush<T = PushData>(): Push<T> {
  const session = useSession();
  const watch = useCallback((changed: () => void) => session.watch(changed), [session]);
  const status = useSyncExternalStore(
    watch,
    () => session.status,
    () => IDLE,
  );
  // A handler of React, such as onClick, passes an event.
  const register = useCallback(
    (options?: RegisterOptions) =>
      session.call((push) => push.register(isOptions(options) ? options : {})),
    [session],
  );
  const signOut = useCallback(() => session.call((push) => push.signOut()), [session]);
  return { ...status, push: status.push as PushClient<T> | undefined, register, signOut };
}

const isOptions = (options: RegisterOptions | undefined): options is RegisterOptions =>
  options !== undefined && !("nativeEvent" in options);

/**
 * Handles messages while the component is mounted, always by the handler of the last render. Several components may: a message is acknowledged
 * when the handlers of all have ended well, and those that failed get it again. Without one, messages wait in the mesh.
 *
 * @template T the type of `message.data`, of the client that the provider connects
 */
export function useMessages<T = PushData>(handler: MessageHandler<T>): void {
  const session = useSession();
  const latest = useRef(handler);
  useEffect(() => {
    latest.current = handler;
  });
  useEffect(
    () => session.listen((message) => latest.current(message as PushMessage<T>)),
    [session],
  );
}

/** Of `useTag`. */
export interface TagView {
  readonly isJoined: boolean;
  /** Why it could not be joined. */
  readonly error: unknown;
}

const APART: TagView = { isJoined: false, error: undefined };

/** Is in a tag while the component is mounted and the app is registered; the tag is left with the last component that uses it. */
export function useTag(tag: string): TagView {
  const session = useSession();
  const { regId, push } = usePush();
  const [view, setView] = useState(APART);
  useEffect(() => {
    if (regId === undefined || push === undefined) return;
    let isGone = false;
    const show = (next: TagView) => {
      if (!isGone) setView(next);
    };
    session.join(tag).then(
      () => show({ isJoined: true, error: undefined }),
      (error: unknown) => show({ isJoined: false, error }),
    );
    return () => {
      isGone = true;
      setView(APART);
      // It leaves with the registration, too.
      session.leave(tag).catch(() => {});
    };
  }, [session, tag, regId, push]);
  return view;
}
