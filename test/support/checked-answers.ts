/** Checks the answers that tests receive against the table of routes, while the caller reads them. */
import type { Received } from "./contract.ts";

interface Checked {
  readonly faults: string[];
  readonly pending: Set<Promise<void>>;
}

const KEY = Symbol.for("pushmesh.contract");
type Global = typeof globalThis & { [KEY]?: Checked };

/** One for all files of a context, each of which may have its own copy of this module. */
export const checked = (): Checked => {
  const own = globalThis as Global;
  own[KEY] ??= { faults: [], pending: new Set() };
  return own[KEY];
};

/** Loaded at the first answer: many test files receive none. */
let contract: Promise<typeof import("./contract.ts")> | undefined;

/** Whether the body ends: that of an event stream does not. */
const hasEnd = (response: Response): boolean =>
  response.status !== 101 && response.headers.get("content-type") !== "text/event-stream";

/** Checks an answer. Ignores answers of servers that are not a mesh. */
export function checkAnswer({ method, url }: Pick<Request, "method" | "url">, response: Response) {
  const { pathname, search } = new URL(url);
  const { status, headers } = response;
  const copy = hasEnd(response) ? response.clone() : null;
  const check = async () => {
    contract ??= import("./contract.ts");
    const { faultsOf, routesOf } = await contract;
    const isOurs = headers.get("content-type") === "application/problem+json";
    if (!isOurs && routesOf(pathname) === undefined) return;
    // Null if the body broke off; the caller learns that itself.
    const body = (await copy?.text().catch(() => null)) ?? null;
    const received: Received = { method, path: pathname + search, status, headers, body };
    checked().faults.push(...faultsOf(received));
  };
  const pending = check().finally(() => checked().pending.delete(pending));
  checked().pending.add(pending);
}
