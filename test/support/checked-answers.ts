/** The answers that tests got, each held to the table of routes while its caller reads it. */
import type { Received } from "./contract.ts";

interface Checked {
  readonly faults: string[];
  readonly pending: Set<Promise<void>>;
}

const KEY = Symbol.for("pushmesh.contract");
type Global = typeof globalThis & { [KEY]?: Checked };

/** Of this context: files may share one, and each has its own copy of this module. */
export const checked = (): Checked => {
  const own = globalThis as Global;
  own[KEY] ??= { faults: [], pending: new Set() };
  return own[KEY];
};

/** Loaded by the first answer: most files of some projects call no mesh. */
let contract: Promise<typeof import("./contract.ts")> | undefined;

/** Bodies that end: JSON, a problem, and none. */
const hasEnd = (response: Response): boolean =>
  response.status !== 101 && response.headers.get("content-type") !== "text/event-stream";

/** Holds an answer to the table, while its caller reads it. An answer of what is no mesh is left alone. */
export function checkAnswer({ method, url }: Pick<Request, "method" | "url">, response: Response) {
  const { pathname, search } = new URL(url);
  const { status, headers } = response;
  const copy = hasEnd(response) ? response.clone() : null;
  const check = async () => {
    contract ??= import("./contract.ts");
    const { faultsOf, routesOf } = await contract;
    const isOurs = headers.get("content-type") === "application/problem+json";
    if (!isOurs && routesOf(pathname) === undefined) return;
    // Null where it broke off: whoever asked for it was told so.
    const body = (await copy?.text().catch(() => null)) ?? null;
    const received: Received = { method, path: pathname + search, status, headers, body };
    checked().faults.push(...faultsOf(received));
  };
  const pending = check().finally(() => checked().pending.delete(pending));
  checked().pending.add(pending);
}
