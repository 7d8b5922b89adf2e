/** What an app trusts, as a node tells it to devices that do not know it yet: the app's object is asked once for each version. */
import { LIMITS } from "../../../schema/limits.ts";
import type { AppTrust } from "../../trust/app-trust.ts";
import { endsApp } from "../calls/broadcast.ts";
import type { DeliverAnswer, DeliverRequest } from "../calls/fan-out.ts";
import type { TagHost } from "../host.ts";

/** How long an app's object that failed is not asked again: each member of the node would ask. */
const FAILED_MS = 1_000;

/** `deleted`: nobody receives anything of the app but its end. */
export type NodeTrustAnswer = AppTrust | "deleted";

export class NodeTrust {
  readonly #host: TagHost;
  /** An app that was deleted never comes back. */
  #known: NodeTrustAnswer | null = null;
  #asking: Promise<void> | null = null;
  #failed: { readonly at: number; readonly error: unknown } | null = null;

  constructor(host: TagHost) {
    this.#host = host;
  }

  /**
   * What the app trusts, by this version or a later one.
   *
   * @throws if the app's object cannot be called
   */
  async of(version: number): Promise<NodeTrustAnswer> {
    for (;;) {
      const known = this.#known;
      if (known === "deleted" || (known !== null && known.version >= version)) return known;
      const failed = this.#failed;
      if (failed !== null && Math.abs(this.#host.now() - failed.at) < FAILED_MS) throw failed.error;
      this.#asking ??= this.#ask(version).finally(() => {
        this.#asking = null;
      });
      await this.#asking;
    }
  }

  /** Calls a device with broadcasts, and once more if it has to judge its registration first. */
  deliver(
    device: string,
    request: DeliverRequest & { readonly trustVersion: number },
  ): Promise<DeliverAnswer> {
    const { trustVersion, ...rest } = request;
    const host = this.#host;
    if (trustVersion === 0) return host.device(device).deliver(rest);
    return host
      .device(device)
      .deliver(request)
      .then((answer) => {
        if (answer.ok || answer.code !== "trust_outdated") return answer;
        return this.of(trustVersion).then((trust) =>
          trust === "deleted"
            ? this.#deliverEnd(device, rest)
            : host.device(device).deliver({ ...request, trust }),
        );
      });
  }

  async #deliverEnd(device: string, request: DeliverRequest): Promise<DeliverAnswer> {
    const entries = request.entries.filter(endsApp);
    if (entries.length > 0) return this.#host.device(device).deliver({ ...request, entries });
    const before = request.entries.slice(1).map(() => "filtered" as const);
    return { ok: true, outcome: "filtered", before };
  }

  async #ask(version: number): Promise<void> {
    const host = this.#host;
    try {
      const trust = await host.withTimeout(LIMITS.CALL_MS, host.trust());
      // No version can be later than that of the app itself, unless a clock was set back.
      this.#known =
        trust === null ? "deleted" : { ...trust, version: Math.max(version, trust.version) };
      this.#failed = null;
    } catch (error) {
      this.#failed = { at: host.now(), error };
      throw error;
    }
  }
}
