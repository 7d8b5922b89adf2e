/** Durable Objects that pass every RPC call on to their shell. */
import { DurableObject } from "cloudflare:workers";
import type { Methods } from "../interfaces/methods.ts";

/** Where such an object keeps its shell. RPC reaches names only, so a symbol keeps callers out. */
export const SHELL = Symbol("shell");

type Call = (...values: unknown[]) => unknown;
type Forwarding<Rpc, Env> = abstract new (
  ctx: DurableObjectState,
  env: Env,
) => DurableObject<Env> & Rpc & { readonly [SHELL]: Rpc };

/**
 * Makes the base class of an object whose calls all go to its shell.
 *
 * @param methods the only methods of the shell that can be called
 */
export function durableObject<Rpc extends object, Env>(
  methods: Methods<Rpc>,
): Forwarding<Rpc, Env> {
  abstract class Forwarded extends DurableObject<Env> {
    abstract readonly [SHELL]: Readonly<Record<string, Call>>;

    static {
      // On the prototype, because RPC cannot call what an instance has of its own.
      for (const method of Object.keys(methods)) {
        Object.defineProperty(Forwarded.prototype, method, {
          configurable: true,
          value(this: Forwarded, ...values: unknown[]) {
            return this[SHELL][method]?.(...values);
          },
        });
      }
    }
  }
  return Forwarded as unknown as Forwarding<Rpc, Env>;
}
