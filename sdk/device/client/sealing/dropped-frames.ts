/** Reports frames that were dropped: at most once a minute, however many a push service makes up. */
import { SEALED_REPORT_MS } from "../../constants.ts";
import { PushError } from "../../errors.ts";
import type { Host } from "../../host.ts";

export class DroppedFrames {
  readonly #host: Host;
  readonly #report: Host["report"];
  #count = 0;
  #nextReportMs = 0;

  constructor(host: Host, report: Host["report"]) {
    this.#host = host;
    this.#report = report;
  }

  add(why: string): void {
    this.#count++;
    const nowMs = this.#host.elapsed();
    if (nowMs < this.#nextReportMs) return;
    this.#nextReportMs = nowMs + SEALED_REPORT_MS;
    const message = `Dropped ${this.#count} frames of the push service; the last was ${why}.`;
    this.#count = 0;
    this.#report(new PushError({ code: "sealed_invalid", message, retry: "never" }));
  }
}
