/** Calls of an object's methods: the object requests that the platform bills. */
import { runInDurableObject } from "cloudflare:test";

/** Counts from now on who calls the object, until it is evicted; the result reads the counts by method. */
export async function countCalls<Kind extends Rpc.DurableObjectBranded>(
  stub: DurableObjectStub<Kind>,
): Promise<() => Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  await runInDurableObject(stub, (object) => {
    const own = Object.getPrototypeOf(object);
    // What it forwards to its shell are methods of its base: objects/durable/object.ts.
    for (const methods of [own, Object.getPrototypeOf(own)] as Record<string, unknown>[]) {
      for (const name of Object.getOwnPropertyNames(methods)) {
        const method = methods[name];
        if (name === "constructor" || typeof method !== "function") continue;
        // On the class, for only there the runtime looks for what may be called.
        Object.defineProperty(methods, name, {
          configurable: true,
          value(this: unknown, ...values: unknown[]) {
            if (this === object) counts[name] = (counts[name] ?? 0) + 1;
            return method.apply(this, values);
          },
        });
      }
    }
  });
  return () => ({ ...counts });
}
