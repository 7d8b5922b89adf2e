/** What the requests of one connection wake, and what of it counts. */
import type { Entry } from "../../machine/net/admission/admission.ts";
import type { RequestHead } from "../../machine/net/http/head.ts";
import type { EndedLinks } from "./ended-links.ts";
import { isConnect, type LinkPlace, type Strangers, type WokenObject } from "./strangers.ts";

/** Whose link a request asks for, and what of it counts. */
export interface LinkDevice {
  readonly name: string;
  /**
   * - `registered`: an app is or was registered on it
   * - `new`: its account was made just now, so that its object is awake and counts
   * - `stranger`: any other on which nothing was ever registered
   */
  readonly standing: "registered" | "new" | "stranger";
}

export interface WakingPort {
  readonly entry: Pick<Entry, "displace">;
  readonly strangers: Strangers;
  readonly endedLinks: EndedLinks;
  /** Of a request for a link; null where it shows no credential, and wakes nothing. */
  readonly deviceOf: (fields: RequestHead["fields"]) => LinkDevice | null;
}

const OPENED = 200;

export class WokenObjects {
  readonly #port: WakingPort;
  readonly #shed: () => void;
  /** Of the request that is being answered. */
  #object: WokenObject | null = null;
  /** Of a link whose device had registered nothing. */
  #place: LinkPlace | null = null;
  /** Of a link whose device has. */
  #registered: { readonly name: string; readonly network: string } | null = null;
  /** It registers while the link stands. */
  #register = () => {};

  /** @param shed ends the connection, for want of room for its link */
  constructor(port: WakingPort, shed: () => void) {
    this.#port = port;
    this.#shed = shed;
  }

  /** Whether the next request may wake what it asks for. */
  admits(head: RequestHead, network: string): boolean {
    const { strangers, endedLinks, deviceOf, entry } = this.#port;
    if (!head.isUpgrade || !isConnect(head)) {
      const object = strangers.admit(head, network);
      this.#object = object;
      return object !== null;
    }
    const device = deviceOf(head.fields);
    if (device === null) return true;
    const { name, standing } = device;
    if (standing === "registered") {
      if (!endedLinks.admits(name, network, () => entry.displace())) return false;
      endedLinks.began(name);
      this.#registered = { name, network };
      return true;
    }
    const place =
      standing === "new"
        ? strangers.countLink(network, this.#shed)
        : strangers.admitLink(network, this.#shed);
    if (place === null) return false;
    this.#place = place;
    this.#register = () => {
      if (place.free()) this.#registered = { name, network };
    };
    return true;
  }

  /** No link came of the request. */
  answered(status: number): void {
    this.#object?.answered(status);
    this.#object = null;
    this.linkEnded();
  }

  /** A socket that stays open came of it. */
  opened(): void {
    this.#object?.answered(OPENED);
    this.#object = null;
  }

  /** The device of the link has a registration now. */
  registered(): void {
    this.#register();
  }

  linkEnded(): void {
    this.#place?.end();
    this.#place = null;
    const device = this.#registered;
    this.#registered = null;
    if (device !== null) this.#port.endedLinks.ended(device.name, device.network);
  }
}
