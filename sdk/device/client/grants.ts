/** Grants of the app's server: fetched by the app's callback, and renewed before they are over. */
import { GRANT_RENEW_FROM, GRANT_RENEW_SPREAD, RETRY_BASE_MS, RETRY_MAX_MS } from "../constants.ts";
import { messageOf, PushError } from "../errors.ts";
import type { Host } from "../host.ts";
import type { ClientPort, GrantReason, ToClient } from "../port.ts";

/** What a grant is asked for. */
export interface GrantRequest {
  readonly appId: string;
  /** Name it in `server.grant({ device })`, so that the grant is of no use to others. */
  readonly deviceId: string;
  /** Undefined until the app is registered. */
  readonly regId: string | undefined;
  readonly reason: GrantReason;
}

/** Fetches a grant from the app's server. */
export type GrantCallback = (request: GrantRequest) => string | Promise<string>;

interface GrantsOptions {
  readonly host: Host;
  readonly port: ClientPort;
  /** Of an app that needs none: undefined. */
  readonly callback: GrantCallback | undefined;
  readonly report: (error: unknown) => void;
  /** Registers the app again, which asks for a grant. */
  readonly renew: () => Promise<unknown>;
}

export class Grants {
  readonly #options: GrantsOptions;
  #isConnected = false;
  #isRenewing = false;
  #isDue = false;
  #isOver = false;
  #stop = () => {};

  constructor(options: GrantsOptions) {
    this.#options = options;
  }

  /** Whether the app gives grants. */
  get are(): boolean {
    return this.#options.callback !== undefined;
  }

  /** A grant that became due without a link is renewed on the next. */
  set connected(on: boolean) {
    this.#isConnected = on;
    if (on && this.#isDue) this.renew();
  }

  /** Fetches a grant for the service, as often as it takes. */
  fetch(
    { request, deviceId, reason }: Extract<ToClient, { readonly kind: "grant" }>,
    asked: Pick<GrantRequest, "appId" | "regId">,
    failures = 0,
  ): void {
    const { host, port, callback, report } = this.#options;
    const fetching = async () => {
      const grant = await callback?.({ ...asked, deviceId, reason });
      if (this.#isOver) return;
      port.postMessage({ kind: "granted", request, grant: String(grant) });
      this.#schedule(String(grant));
    };
    fetching().catch((error: unknown) => {
      report(failed(error));
      const waitMs = Math.min(RETRY_MAX_MS, RETRY_BASE_MS * 2 ** failures);
      const again = () =>
        this.fetch({ kind: "grant", request, deviceId, reason }, asked, failures + 1);
      this.#stop = host.after(waitMs * (1 + host.random()), again);
    });
  }

  /** The grant is due, or the mesh says that it is over. */
  renew(): void {
    this.#isDue = true;
    if (!this.#isConnected || this.#isRenewing || !this.are) return;
    this.#isDue = false;
    this.#isRenewing = true;
    const done = () => {
      this.#isRenewing = false;
    };
    this.#options.renew().then(done, (error: unknown) => {
      done();
      this.#options.report(failed(error));
    });
  }

  close(): void {
    this.#isOver = true;
    this.#stop();
  }

  /** All devices of an app may get their grants at once; they must not all renew them at once. */
  #schedule(grant: string): void {
    const { host } = this.#options;
    this.#stop();
    const seconds = lifeOf(grant);
    if (seconds === undefined) return;
    const part = GRANT_RENEW_FROM + GRANT_RENEW_SPREAD * host.random();
    this.#stop = host.after(seconds * 1_000 * part, () => this.renew());
  }
}

function failed(cause: unknown): PushError {
  const message = `No grant: ${messageOf(cause)}`;
  return new PushError({ code: "grant_failed", message, retry: "later", cause });
}

/** From issue to expiry, seconds; undefined of what is no grant, which the mesh refuses. */
function lifeOf(grant: string): number | undefined {
  try {
    const text = atob((grant.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/"));
    const { iat, exp } = JSON.parse(text);
    return exp - iat;
  } catch {
    return undefined;
  }
}
