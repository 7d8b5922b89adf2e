/** Connects to the push service of this user. */
import { connect } from "node:net";
import { PushError, type PushErrorData, toErrorData } from "../errors.ts";
import type { ToClient, ToService } from "../port.ts";
import { findSocket } from "./address.ts";
import { HELLO_TIMEOUT_MS, TO_APP_BYTES_MAX, UNREAD_BYTES_MAX } from "./constants.ts";
import { encodeFrame, FrameReader } from "./frames.ts";
import {
  APP_HELLO,
  type FromApp,
  type FromService,
  type ServiceHello,
  type ServiceStatus,
  unavailable,
  versionError,
} from "./greeting.ts";

interface DialEvents {
  readonly received: (message: ToClient) => void;
  readonly status?: (status: ServiceStatus) => void;
  /** The connection is over; nothing is received after it. Not called after `close`. */
  readonly ended: (error: PushErrorData) => void;
}

/** A connection on which both sides have said hello. */
export interface Dialed {
  readonly hello: ServiceHello;
  send(message: FromApp): void;
  /** What was sent still arrives. */
  close(): void;
}

/** @throws PushError `service_unavailable`, `service_denied`, `service_version`, `service_busy`, `option_invalid` */
export async function dial(path: string, events: DialEvents): Promise<Dialed> {
  const socket = connect(findSocket(path));
  const { promise, resolve, reject } = Promise.withResolvers<Dialed>();
  let isOver = false;
  let isOpen = false;
  const end = (error: PushErrorData): void => {
    if (isOver) return;
    isOver = true;
    socket.destroy();
    if (isOpen) events.ended(error);
    else reject(new PushError(error));
  };
  const send = (message: FromApp | ToService): void => {
    if (isOver) return;
    socket.write(encodeFrame(message));
    if (socket.writableLength > UNREAD_BYTES_MAX) end(lost("it does not read"));
  };
  const greeted = (hello: ServiceHello): void => {
    const error =
      hello.kind === "hello"
        ? versionError(hello, APP_HELLO)
        : toErrorData(`${path} is no push service.`, "option_invalid");
    if (error !== undefined) {
      end(error);
      return;
    }
    isOpen = true;
    socket.setTimeout(0);
    const close = () => {
      isOver = true;
      socket.end();
    };
    resolve({ hello, send, close });
  };
  const receive = (message: FromService): void => {
    if (isOver) return;
    if (message.kind === "bye") end(message.error);
    else if (!isOpen) greeted(message as ServiceHello);
    else if (message.kind === "status") events.status?.(message);
    else if (message.kind !== "hello") events.received(message);
  };
  const reader = new FrameReader(TO_APP_BYTES_MAX, (message) => receive(Object(message)));
  socket.on("data", (chunk: Uint8Array) => {
    try {
      reader.push(chunk);
    } catch (error) {
      end(toErrorData(error, "option_invalid"));
    }
  });
  socket.setTimeout(HELLO_TIMEOUT_MS, () => end(lost("it did not answer in time")));
  socket.on("error", (error) => end(isOpen ? lost(error.message) : unavailable(path, error)));
  socket.on("close", () => end(lost("it has ended, or was killed")));
  send(APP_HELLO);
  return promise;
}

const lost = (why: string): PushErrorData => ({
  code: "service_unavailable",
  message: `The push service is gone: ${why}. The SDK attaches again as soon as there is one.`,
  retry: "later",
});

/** How the push service at the path is. @throws PushError as `dial` */
export async function askStatus(path: string): Promise<ServiceStatus> {
  const { promise, resolve, reject } = Promise.withResolvers<ServiceStatus>();
  const dialed = await dial(path, {
    received: () => {},
    status: resolve,
    ended: (error) => reject(new PushError(error)),
  });
  dialed.send({ kind: "status" });
  return promise.finally(() => dialed.close());
}
