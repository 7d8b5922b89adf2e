/** Close codes by name. A copy of a column of schema/errors.ts, whose texts would double the SDK; a test holds them equal. */
import type { ErrorCode } from "../../../schema/errors.ts";

export const CLOSE_NAMES: Readonly<Record<number, ErrorCode>> = {
  4000: "going_away",
  4001: "hello_timeout",
  4002: "slow_consumer",
  4003: "internal",
  4004: "mesh_full",
  4005: "flooding",
  4100: "token_invalid",
  4101: "token_expired",
  4102: "token_replayed",
  4200: "replaced",
  4201: "account_replaced",
  4202: "protocol_error",
  4203: "frame_too_large",
  4204: "revision_unsupported",
};

/** The error's name; undefined for a code of a newer mesh, or none of the mesh's. */
export function closeName(code: number): ErrorCode | undefined {
  return CLOSE_NAMES[code];
}
