/** What the two ends of the socket of a push service say beside the messages of a port. */
import { AGENT } from "../constants.ts";
import type { PushErrorData } from "../errors.ts";
import type { LinkStateName, ToClient, ToService } from "../port.ts";
import { SERVICE_VERSION } from "./constants.ts";

/** The first frame of each side. */
export interface AppHello {
  readonly kind: "hello";
  readonly version: number;
  /** The SDK and its version. */
  readonly agent: string;
}

export interface ServiceHello extends AppHello {
  readonly pid: number;
  /** Origins of its mesh. */
  readonly endpoints: readonly string[];
}

/** How a push service is. */
export interface ServiceStatus {
  readonly agent: string;
  readonly pid: number;
  readonly endpoints: readonly string[];
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Of the link; "idle" until the first app is there. */
  readonly state: LinkStateName;
  /** Why there is no link. */
  readonly error?: PushErrorData | undefined;
  /** The appIds that are open, in the order of their arrival. */
  readonly apps: readonly string[];
}

export type FromApp = AppHello | { readonly kind: "status" } | ToService;

export type FromService =
  | ServiceHello
  | ({ readonly kind: "status" } & ServiceStatus)
  /** The service ends the connection; `retry` says whether to come again. */
  | { readonly kind: "bye"; readonly error: PushErrorData }
  | ToClient;

export const APP_HELLO: AppHello = { kind: "hello", version: SERVICE_VERSION, agent: AGENT };

/** Why the two cannot talk; undefined if they can. */
export function versionError(
  service: Pick<AppHello, "version" | "agent">,
  app: Pick<AppHello, "version" | "agent">,
): PushErrorData | undefined {
  if (service.version === app.version) return undefined;
  const older = Number(service.version) < Number(app.version) ? "the push service" : "the app";
  const message = `The push service is ${service.agent} (version ${service.version} of its socket), the app has ${app.agent} (version ${app.version}): update ${older} and restart it.`;
  return { code: "service_version", message, retry: "later" };
}

/** Nobody serves the path. */
export const unavailable = (path: string, cause?: unknown): PushErrorData => ({
  code: "service_unavailable",
  message: `No push service is at ${path}: start it with pushmesh service, or connect without the option service.`,
  retry: "later",
  cause,
});
