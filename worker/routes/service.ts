/** Routes about the mesh itself. */
import { LINK_SUBPROTOCOL } from "../../objects/close.ts";
import type { HealthAnswerBody, ServiceAnswerBody } from "../../schema/http.ts";
import type { Handlers } from "../context.ts";

export const service: Handlers<"getHealth" | "getService"> = {
  getService: (c) =>
    c.json({
      service: "pushmesh",
      protocol: LINK_SUBPROTOCOL,
      documentation: "docs/api.md and docs/protocol.md of the pushmesh package",
    } satisfies ServiceAnswerBody),

  getHealth: (c) => {
    c.header("cache-control", "no-store");
    return c.json({ status: "ok", now: Date.now() } satisfies HealthAnswerBody);
  },
};
