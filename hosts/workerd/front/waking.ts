/** Counts the objects that the requests of one connection wake. */
import type { Entry } from "../../machine/net/admission/admission.ts";
import type { RequestHead } from "../../machine/net/http/head.ts";
import type { EndedLinks } from "./ended-links.ts";
import {
  isConnect,
  type LinkPlace,
  NOTHING_WOKEN,
  type Strangers,
  type WokenObject,
} from "./strangers.ts";

/** The device of a requested link, and how it counts. */
export interface LinkDevice {
  readonly name: string;
  /**
   * - `registered`: an app is or was registered on it
   * - `new`: its account has just been made, so that its object is awake and counted already
   * - `stranger`: any other device without a registration
   */
  readonly standing: "registered" | "new" | "stranger";
}

export interface WakingPort {
  readonly entry: Pick<Entry, "displace">;
  readonly strangers: Strangers;
  readonly endedLinks: EndedLinks;
  /** The device of a request for a link; null without a valid credential, which wakes nothing. */
  readonly deviceOf: (fields: RequestHead["fields"]) => LinkDevice | null;
}

const OPENED = 200;

export class WokenObjects {
  readonly #port: WakingPort;
  readonly #shed: () => void;
  /** The object of the request being answered. */
  #object: WokenObject | null = null;
  /** The place of a link whose device was not registered. */
  #place: LinkPlace | null = null;
  /** The registered device of the link. */
  #registered: { readonly name: string; readonly network: string } | null = null;
  /** Called when the device registers during the link. */
  #register = () => {};

  /** @param shed ends the connection to make room */
  constructor(port: WakingPort, shed: () => void) {
    this.#port = port;
    this.#shed = shed;
  }

  /** Whether the request that was admitted last wakes an object for a client without a registration. */
  get isForStranger(): boolean {
    return (this.#object !== null && this.#object !== NOTHING_WOKEN) || this.#place !== null;
  }

  /** Whether the next request may wake its object. */
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

  /** To be called when the request was answered without opening a link. */
  answered(status: number): void {
    this.#object?.answered(status);
    this.#object = null;
    this.linkEnded();
  }

  /** To be called instead if the request was not passed on. */
  spared(): void {
    this.#object?.spared();
    this.#object = null;
    this.#place?.free();
    this.linkEnded();
  }

  /** To be called when the request has opened a WebSocket. */
  opened(): void {
    this.#object?.answered(OPENED);
    this.#object = null;
  }

  /** To be called when the device of the link is registered. */
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
