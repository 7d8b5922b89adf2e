/**
 * Walks the nodes of a tag's tree in an order of its own for each app. Device IDs decide the tree: if two apps saw their members in that order,
 * they could tell which of their regIds belong to one device. So each node has its own order of digits, and whoever walks sees only places in it.
 */
import type { MeshKey } from "../../identity/keyring.ts";
import { shortMac } from "../../identity/mac.ts";

const DIGITS = [..."0123456789abcdef"];
const utf8 = new TextEncoder();

export class WalkOrder {
  readonly #key: MeshKey;
  readonly #app: string;
  readonly #orders = new Map<string, string>();

  /**
   * @param key the root key of the mesh, which a rotation leaves as it is
   * @param app base64url of the app's 8 bytes
   */
  constructor(key: MeshKey, app: string) {
    this.#key = key;
    this.#app = app;
  }

  /** The place of a node, as those who walk see it: one digit for each level. */
  placeOf(path: string): string {
    return [...path]
      .map((digit, at) => this.#orderOf(path.slice(0, at)).indexOf(digit).toString(16))
      .join("");
  }

  /** The path of the node at a place. */
  pathAt(place: string): string {
    let path = "";
    for (const digit of place) path += this.#orderOf(path)[Number.parseInt(digit, 16)] ?? "";
    return path;
  }

  /**
   * The child to visit first.
   *
   * @param children digits of the node's children
   * @param after the child visited last; absent for none
   */
  next(path: string, children: string, after?: string): string | undefined {
    const order = this.#orderOf(path);
    const from = after === undefined ? 0 : order.indexOf(after) + 1;
    return [...order.slice(from)].find((digit) => children.includes(digit));
  }

  /** The children of a node, in the order in which they are visited. */
  #orderOf(path: string): string {
    const known = this.#orders.get(path);
    if (known !== undefined) return known;
    const weight = (digit: string): string => {
      const text = utf8.encode(`${this.#app}/${path}${digit}`);
      return shortMac(this.#key.subkey("walk"), text, 8).join();
    };
    const weighed = DIGITS.map((digit) => ({ digit, weight: weight(digit) }));
    weighed.sort((a, b) => (a.weight < b.weight ? -1 : 1));
    const order = weighed.map(({ digit }) => digit).join("");
    this.#orders.set(path, order);
    return order;
  }
}
