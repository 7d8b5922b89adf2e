/** The classes of Durable Objects that only hand on what they are asked. */
import { DurableObject } from "cloudflare:workers";

/** An object with an alarm. */
export interface Alarmed {
  alarm(): Promise<void>;
}

type Method = (...values: unknown[]) => unknown;

/**
 * Makes the class of an object whose calls all go to its shell.
 *
 * @param methods what can be called: nothing else of the shell can be, from wherever
 * @param shellOf makes the shell of one object
 */
export function durableObject<Rpc extends object, Env>(
  methods: Readonly<Record<keyof Rpc & string, true>>,
  shellOf: (ctx: DurableObjectState, env: Env) => Rpc,
): new (
  ctx: DurableObjectState,
  env: Env,
) => DurableObject<Env> & Rpc {
  class Forwarding extends DurableObject<Env> {
    readonly #shell: Readonly<Record<string, Method>>;

    constructor(ctx: DurableObjectState, env: Env) {
      super(ctx, env);
      this.#shell = shellOf(ctx, env) as Readonly<Record<string, Method>>;
    }

    static {
      // Of the prototype: what an instance has of its own cannot be called over RPC.
      for (const method of Object.keys(methods)) {
        Object.defineProperty(Forwarding.prototype, method, {
          configurable: true,
          value(this: Forwarding, ...values: unknown[]) {
            return this.#shell[method]?.(...values);
          },
        });
      }
    }
  }
  return Forwarding as unknown as ReturnType<typeof durableObject<Rpc, Env>>;
}
