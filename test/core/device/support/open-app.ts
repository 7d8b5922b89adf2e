/** An app that is open to all, as a device sees it. */
import type { Admitted } from "../../../../core/app/admission.ts";
import { OPEN_POLICY } from "../../../../core/trust/policy.ts";
import type { AppRpc } from "../../../../objects/interfaces/rpc.ts";

/** Its answer. */
export const OPEN: Admitted = {
  ...{ ok: true, trustVersion: 0, grant: null, lapsed: null },
  policy: OPEN_POLICY,
};

/** Its object. */
export const openApp = { admit: async () => OPEN } as Partial<AppRpc> as AppRpc;

/** Where no message has receipts. */
export const noWebhook = (): never => {
  throw new Error("a webhook is called");
};
