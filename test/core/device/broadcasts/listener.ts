/** An app on a device that keeps to docs/protocol.md: it knows what it is in, and shows each broadcast once, in order. */
import type { Broadcast, Cursor } from "../../../../schema/generated/link.ts";
import { toBase64Url } from "../../../../schema/text.ts";
import type { Down } from "../support/frames.ts";

export class Violation extends Error {
  override readonly name = "Violation";
}

/** "unsure" while a command is open, and after one whose answer was lost. */
type State = "in" | "out" | "unsure";

export class Listener {
  readonly #tags = new Map<string, State>();
  readonly #requests = new Map<number, { readonly tag: string; readonly then: State }>();
  #lastRequest = 100;
  readonly shown = new Set<string>();
  /** Of each tag, the last position that it showed of a broadcast of that tag alone. */
  readonly #last = new Map<string, number>();
  /** By ref. */
  #cursors = new Map<number, Cursor>();
  #open = new Map<number, Cursor>();

  stateOf(tag: string): State {
    return this.#tags.get(tag) ?? (tag === "" ? "in" : "out");
  }

  /** Begins a command; its number. */
  command(tag: string, then: "in" | "out"): number {
    this.#tags.set(tag, "unsure");
    for (const [request, open] of this.#requests)
      if (open.tag === tag) this.#requests.delete(request);
    const request = ++this.#lastRequest;
    this.#requests.set(request, { tag, then });
    return request;
  }

  get hasOpenCommands(): boolean {
    return this.#requests.size > 0;
  }

  /** The link is gone, and what came on it goes unacknowledged. */
  lost(): void {
    this.#requests.clear();
    this.#open = new Map();
  }

  get cursors(): Cursor[] {
    return [...this.#cursors.values()];
  }

  /** Reads frames; what to acknowledge. */
  read(frames: readonly Down[], isAlone: (key: string) => boolean): Cursor[] {
    for (const frame of frames) {
      if (frame.kind === "done") {
        const open = this.#requests.get(frame.value.request);
        this.#requests.delete(frame.value.request);
        if (open !== undefined) this.#tags.set(open.tag, open.then);
      } else if (frame.kind === "refusal") {
        this.#requests.delete(frame.value.request ?? 0);
      } else if (frame.kind === "broadcasts") {
        for (const broadcast of frame.value.broadcasts) this.#take(broadcast, isAlone);
      }
    }
    return [...this.#open.values()];
  }

  acknowledged(): void {
    for (const [ref, cursor] of this.#open) this.#cursors.set(ref, cursor);
    this.#open = new Map();
  }

  #take(broadcast: Broadcast, isAlone: (key: string) => boolean): void {
    const { slot, tagRef, tag, position } = broadcast;
    const open = this.#open.get(tagRef)?.position ?? 0;
    this.#open.set(tagRef, { slot, tagRef, position: Math.max(position, open) });
    const key = toBase64Url(broadcast.key);
    if (this.shown.has(key)) return;
    this.shown.add(key);
    if (!isAlone(key)) return;
    if (position <= (this.#last.get(tag) ?? 0)) {
      throw new Violation(`${tag}@${position} came after ${this.#last.get(tag)}`);
    }
    this.#last.set(tag, position);
  }
}
