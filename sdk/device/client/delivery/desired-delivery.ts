/** The delivery settings that the app wants: pause, accept times, and what its server may know. Stored on the device, and sent to the mesh until it has them. */
import {
  type AcceptTime,
  type DeliverySettings,
  settingsHash,
} from "../../../../schema/delivery.ts";
import { optionInvalid } from "../../errors.ts";
import type { BatchedStorage } from "../../storage/batched.ts";
import type { Inbox } from "../inbox.ts";
import type { CallOptions } from "../options.ts";
import type { Requests } from "../requests.ts";

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Weekday = (typeof DAYS)[number];

/** A time of the week in which the app takes messages, for `setAcceptTimes`. */
export interface AcceptHours {
  /** The days on which it begins. Default: every day. */
  readonly days?: readonly Weekday[] | undefined;
  /** As on a clock, from "00:00" on. */
  readonly from: string;
  /** The end, up to "24:00". Not later than `from`: on the next day. */
  readonly to: string;
}

/** How the app wants its messages; see `PushClient.deliveryState`. */
export interface DeliveryState {
  readonly paused: boolean;
  /** Empty: messages come at any time. */
  readonly accept: readonly AcceptHours[];
  /** Whether the app's server may see when the device was last connected. */
  readonly presence: boolean;
  /** Whether the user lets the app show notifications, as far as the app has told. */
  readonly notificationsAllowed: boolean;
}

const NOTHING: DeliveryState = {
  ...{ paused: false, accept: [], presence: false, notificationsAllowed: true },
};
const TIME = /^(?:([01]\d|2[0-3]):([0-5]\d)|24:00)$/;

export class DesiredDelivery {
  readonly #storage: Pick<BatchedStorage, "get" | "put" | "settled">;
  readonly #key: string;
  readonly #requests: Pick<Requests, "make">;
  readonly #inbox: Pick<Inbox, "paused" | "clear">;
  /** Undefined if the app never set any. */
  #state: DeliveryState | undefined;

  constructor(
    storage: Pick<BatchedStorage, "get" | "put" | "settled">,
    appId: string,
    requests: Pick<Requests, "make">,
    inbox: Pick<Inbox, "paused" | "clear">,
  ) {
    this.#storage = storage;
    this.#key = `app/${appId}/delivery`;
    this.#requests = requests;
    this.#inbox = inbox;
  }

  get state(): DeliveryState {
    return this.#state ?? NOTHING;
  }

  /** Reads what is stored. Rejects with the error of the storage. */
  async load(): Promise<void> {
    const text = await this.#storage.get(this.#key);
    if (typeof text === "string") this.#state = { ...NOTHING, ...JSON.parse(text) };
    this.#inbox.paused = this.state.paused;
  }

  /** Stores the change at once, and resolves when the mesh has it. Without a link, the mesh gets it over the next one. */
  async change(change: Partial<DeliveryState>, options: CallOptions = {}): Promise<void> {
    const state = { ...this.state, ...change };
    const settings = settingsOf(state);
    this.#state = state;
    this.#inbox.paused = state.paused;
    this.#storage.put(this.#key, () => JSON.stringify(state));
    const failure = await this.#storage.settled();
    if (failure !== undefined) throw failure;
    await this.#ask(settings, options);
    // The mesh sends what waits here again after the pause.
    if (this.state.paused) this.#inbox.clear();
  }

  /** The mesh has named the settings that it has. Sends others, if the app wants others or the device is in another time zone. */
  compare(hash: number): void {
    if (this.#state === undefined) return;
    const settings = settingsOf(this.#state);
    // If that fails, the next link tries again.
    if (settingsHash(settings) !== hash) this.#ask(settings, {}).catch(() => {});
  }

  async #ask(settings: DeliverySettings, options: CallOptions): Promise<void> {
    const { timeZone, silenced = false, ...others } = settings;
    const zone = timeZone ?? undefined;
    const command = { kind: "delivery", ...others, timeZone: zone, silenced } as const;
    await this.#requests.make(command, options);
  }
}

/** @throws PushError `option_invalid` */
function settingsOf({
  paused,
  accept,
  presence,
  notificationsAllowed,
}: DeliveryState): DeliverySettings {
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  return {
    ...{ paused, accept: accept.map(timeOf), presence },
    ...(notificationsAllowed ? {} : { silenced: true }),
    timeZone: timeZone || null,
  };
}

function timeOf({ days = DAYS, from, to }: AcceptHours): AcceptTime {
  let bits = 0;
  for (const day of days) {
    const index = DAYS.indexOf(day);
    if (index < 0) throw optionInvalid(`days: must be of ${DAYS.join(", ")}`);
    bits |= 1 << index;
  }
  return { days: bits, startMinute: minutesOf("from", from), endMinute: minutesOf("to", to) };
}

function minutesOf(name: string, time: string): number {
  const found = TIME.exec(time);
  if (found === null || (name === "from" && found[1] === undefined))
    throw optionInvalid(`${name}: must be a time of the day such as 08:00`);
  return found[1] === undefined ? 1_440 : Number(found[1]) * 60 + Number(found[2]);
}
