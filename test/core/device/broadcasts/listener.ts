/** An app on a device that keeps to docs/protocol.md: it knows what it is in, and shows each broadcast once, in order. */
import type { Broadcast, Cursor } from "../../../../schema/generated/link.ts";
import { toBase64Url } from "../../../../schema/text.ts";
import type { Down } from "../support/frames.ts";

export class Violation extends Error {
  override readonly name = "Violation";
}

/** "unsure" while a command is open, and after one whose answer was lost. */
type State = "in" | "out" | "unsure";

/** What is so when the command is done. */
interface Command {
  readonly of: Map<string, State>;
  readonly name: string;
  readonly then: State;
}

export class Listener {
  readonly #tags = new Map<string, State>();
  /** Whether it holds its aliases. */
  readonly #aliases = new Map<string, State>();
  readonly #requests = new Map<number, Command>();
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

  aliasState(alias: string): State {
    return this.#aliases.get(alias) ?? "out";
  }

  /** Begins to join a tag or to leave it; the number of the command. */
  command(tag: string, then: "in" | "out"): number {
    return this.#command({ of: this.#tags, name: tag, then });
  }

  /** Begins to take an alias or to give it up, likewise. */
  aliasCommand(alias: string, then: "in" | "out"): number {
    return this.#command({ of: this.#aliases, name: alias, then });
  }

  #command(command: Command): number {
    const { of, name } = command;
    of.set(name, "unsure");
    for (const [request, open] of this.#requests)
      if (open.of === of && open.name === name) this.#requests.delete(request);
    const request = ++this.#lastRequest;
    this.#requests.set(request, command);
    return request;
  }

  /** It is registered no more: it is in no tag, and holds no alias. */
  unregistered(): void {
    for (const tag of [...this.#tags.keys(), ""]) this.#tags.set(tag, "out");
    this.#aliases.clear();
    this.#cursors.clear();
    this.#last.clear();
    this.lost();
  }

  /** It is registered anew, and joins the tag of all devices without being told when. */
  registered(): void {
    this.#tags.set("", "unsure");
  }

  get hasOpenCommands(): boolean {
    return this.#requests.size > 0;
  }

  /** The link is gone, and what came on it goes unacknowledged. */
  lost(): void {
    // It is told on a link that it has lost one.
    for (const [alias, state] of this.#aliases) {
      if (state === "in") this.#aliases.set(alias, "unsure");
    }
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
        if (open !== undefined) open.of.set(open.name, open.then);
      } else if (frame.kind === "refusal") {
        this.#requests.delete(frame.value.request ?? 0);
      } else if (frame.kind === "aliasLost") {
        // A set that is under way decides.
        if (this.aliasState(frame.value.alias) === "in")
          this.#aliases.set(frame.value.alias, "out");
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
