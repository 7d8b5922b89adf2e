/** Reports of messages that ask for them, and answers to recalls. Reports are stored on the device until the mesh has them. */
import { type DeviceEvent, DeviceEventKind } from "../../../../schema/generated/link.ts";
import { parseMessageId } from "../../../../schema/text.ts";
import { DEVICE_EVENTS, REPORTS_KEPT, SOURCE_CHARS } from "../../constants.ts";
import { optionInvalid, PushError } from "../../errors.ts";
import type { Host } from "../../host.ts";
import type { BatchedStorage } from "../../storage/batched.ts";
import type { PushMessage } from "../message.ts";
import type { Requests } from "../requests.ts";

const KINDS = {
  shown: DeviceEventKind.SHOWN,
  clicked: DeviceEventKind.CLICKED,
  dismissed: DeviceEventKind.DISMISSED,
} as const;

/** What can happen to a message on the device: the user sees, clicks or dismisses it. */
export type MessageReport = keyof typeof KINDS;

export interface ReportOptions {
  /** Of `clicked`: the action of the notification. */
  readonly action?: string | undefined;
  /** When it happened, milliseconds since 1970. Default: now. The same event at the same time is reported once. */
  readonly at?: number | undefined;
}

/** Stored as JSON. */
interface Waiting {
  readonly id: string;
  readonly kind: DeviceEventKind;
  /** On the clock of the device, milliseconds since 1970. */
  readonly at: number;
  readonly action?: string | undefined;
}

interface ReportParts {
  readonly host: Host;
  readonly storage: BatchedStorage;
  readonly requests: Requests;
  /** The key of the reports in the storage. */
  readonly name: string;
  readonly regId: () => string | undefined;
}

const sameAs =
  (one: Waiting) =>
  ({ id, kind, at }: Waiting): boolean =>
    id === one.id && kind === one.kind && at === one.at;

export class MessageReports {
  readonly #parts: ReportParts;
  #waiting: Waiting[] = [];
  /** The last reports that the mesh has: another tab may report the same again. */
  #sent: Waiting[] = [];
  #isConnected = false;
  #isSending = false;

  constructor(parts: ReportParts) {
    this.#parts = parts;
  }

  async load(): Promise<void> {
    const stored = await this.#parts.storage.get(this.#parts.name);
    try {
      if (stored !== undefined) this.#waiting = JSON.parse(String(stored));
    } catch {
      // Not in our format: there is nothing to report.
    }
  }

  set connected(isConnected: boolean) {
    this.#isConnected = isConnected;
    void this.#send();
  }

  /**
   * Resolves when it is stored, or was reported before.
   *
   * @throws PushError `option_invalid`
   */
  async add(
    { id, report }: Pick<PushMessage, "id" | "report">,
    event: MessageReport,
    { action, at = this.#parts.host.now() }: ReportOptions,
  ): Promise<void> {
    const kind = KINDS[event];
    if (kind === undefined) throw optionInvalid("event: must be shown, clicked or dismissed");
    if (parseMessageId(id) === undefined) throw optionInvalid("message: its id is none");
    if (!report) return;
    const one: Waiting = { id, kind, at, ...(action && { action }) };
    if ([...this.#waiting, ...this.#sent].some(sameAs(one))) return;
    this.#waiting = [...this.#waiting, one].slice(-REPORTS_KEPT);
    this.#store();
    await this.#parts.storage.settled();
    void this.#send();
  }

  /** Answers a recall. If the answer is lost, the mesh asks again. */
  answer(recall: DeviceEvent): void {
    this.#parts.requests.make({ kind: "events", events: [recall] }, {}).catch(() => {});
  }

  /** Drops reports that belong to another registration. */
  clear(): void {
    if (this.#waiting.length === 0) return;
    this.#waiting = [];
    this.#store();
  }

  #store(): void {
    const { storage, name } = this.#parts;
    storage.put(name, () => (this.#waiting.length > 0 ? JSON.stringify(this.#waiting) : undefined));
  }

  async #send(): Promise<void> {
    const { host, requests, regId } = this.#parts;
    while (this.#isConnected && !this.#isSending && this.#waiting.length > 0 && regId()) {
      const sent = this.#waiting.slice(0, DEVICE_EVENTS);
      this.#isSending = true;
      try {
        const events = sent.map((one) => wireOf(one, host.now()));
        await requests.make({ kind: "events", events }, {});
      } catch (error) {
        // A mesh of an older version refuses all reports, so these are dropped.
        if (!(error instanceof PushError) || error.retry !== "never") return;
      } finally {
        this.#isSending = false;
      }
      this.#sent = [...this.#sent, ...sent].slice(-REPORTS_KEPT);
      this.#waiting = this.#waiting.filter((one) => !sent.includes(one));
      this.#store();
    }
  }
}

function wireOf({ id, kind, at, action }: Waiting, now: number): DeviceEvent {
  const { seq = 0, key = new Uint8Array(), regId: from } = parseMessageId(id) ?? {};
  return {
    ...{ kind, key, seq, agoMs: Math.max(0, Math.round(now - at)) },
    // A regId is longer.
    ...(from?.length === SOURCE_CHARS && { source: from }),
    ...(action && { action }),
  };
}
