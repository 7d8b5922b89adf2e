/** Registers of the port itself, whose answers prove the regId. */
import { RETRY_BASE_MS, RETRY_MAX_MS } from "../../constants.ts";
import type { Host } from "../../host.ts";
import type { ToClient } from "../../port.ts";
import type { Requests } from "../requests.ts";
import { NOT_SEALED } from "./commands.ts";

/** Requests of the port itself have numbers from here on. */
export const OWN_REQUESTS = 2 ** 40;

export const registerAgain = (requests: Requests) =>
  requests.make({ kind: "register", isHeld: true, grants: true, renews: true }, {});

/** The same less and less often, for a minute or two, until the mesh takes a key. Any other refusal ends it. */
async function untilSealed(
  host: Host,
  requests: Requests,
  waitMs: number,
): ReturnType<typeof registerAgain> {
  await new Promise<void>((go) => host.after(waitMs * (1 + host.random()), go));
  return registerAgain(requests).catch((error) => {
    if (waitMs > RETRY_MAX_MS / 2 || error.code !== NOT_SEALED.code) throw error;
    return untilSealed(host, requests, waitMs * 2);
  });
}

/**
 * A register was answered with a regId without a proof. If the mesh has taken no key, it may be in the middle of a deploy: its edges give keys, and its
 * objects are of a version that takes none.
 */
export function answerUnproven(
  { request, epoch }: Extract<ToClient, { readonly kind: "done" }>,
  host: Host,
  requests: Requests,
  answer: (event: ToClient) => void,
): void {
  const asked =
    epoch === undefined && request < OWN_REQUESTS
      ? untilSealed(host, requests, RETRY_BASE_MS)
      : Promise.reject(NOT_SEALED);
  asked.then(
    (value) => answer({ kind: "done", request, value }),
    (error) => answer({ kind: "failed", request, error }),
  );
}
