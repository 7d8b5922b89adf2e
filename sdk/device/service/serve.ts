/** One port of the push service: its messages are checked and kept in order, and none has an effect before the port's app is open. */
import { toErrorData } from "../errors.ts";
import type { ServicePort, ToService } from "../port.ts";
import type { App } from "./app.ts";
import { IN_USE } from "./bindings.ts";
import { readMessage, requestOf } from "./messages.ts";

export type Opening = Extract<ToService, { readonly kind: "open" }>;
/** What an app that is open says. */
export type Saying = Exclude<ToService, { readonly kind: "open" | "leave" }>;

interface PortOwner {
  /** Rejects with a PushError if the port may not speak for the app. */
  open(port: ServicePort, opening: Opening): Promise<App>;
  receive(app: App, message: Saying): void;
  leave(app: App): void;
}

/** Serves the app at the other end of the port. */
export function servePort(port: ServicePort, owner: PortOwner): void {
  let app: App | undefined;
  let refusal = IN_USE;
  /** What arrives while the port is checked. */
  let early: ToService[] | undefined;
  const receive = (data: ToService): void => {
    if (early) early.push(data);
    else if (data.kind === "open") void open(data);
    else if (data.kind === "leave") {
      if (app !== undefined) owner.leave(app);
      port.close();
    } else if (app !== undefined) owner.receive(app, data);
    else if ("request" in data && data.kind !== "cancel" && data.kind !== "granted") {
      port.postMessage({ kind: "failed", request: data.request, error: refusal });
    }
  };
  const open = async (data: Opening): Promise<void> => {
    if (app !== undefined) return;
    const waiting: ToService[] = [];
    early = waiting;
    try {
      app = await owner.open(port, data);
    } catch (error) {
      refusal = toErrorData(error, "storage_failed");
      port.postMessage({ kind: "failed", error: refusal });
    }
    early = undefined;
    for (const each of waiting) receive(each);
  };
  port.onmessage = ({ data }) => {
    let message: ToService;
    try {
      message = readMessage(data);
    } catch (error) {
      const failed = { kind: "failed", error: toErrorData(error, "option_invalid") } as const;
      port.postMessage({ ...failed, ...requestOf(data) });
      return;
    }
    receive(message);
  };
}
