/** Broadcasts to tags whose members come and go: each request with its own fate noted in the ledger. */
import { setTimeout as sleep } from "node:timers/promises";
import { PRIORITY_NAMES } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { type BroadcastMessage, type PushServer, PushServerError } from "../../sdk/server/mod.ts";
import type { FleetDevice } from "./fleet.ts";
import type { Random } from "./random.ts";
import type { SentBroadcast, TagLedger } from "./tag-ledger.ts";
import { until } from "./wait.ts";

/** Senders of each tag, and how long each pauses: what overlaps may come either way, what does not may not. */
const SENDERS = 2;
const PAUSE_MS = [50, 300] as const;
/** The tag's log holds 128, and what goes to several tags is sent by another's worker. */
const BEHIND = 90;
/** A tag takes 1,024 in 7 minutes; what goes to several tags counts at each. */
const SENT_MOST = 900;
/** Changes of members under way at a time; those by the SDK of a device that is cut off take until it is back. */
const CHANGERS = 8;
/** How many of a tag's members leave while all others join. */
const SURGE_LEAVES = 0.4;
const BETWEEN_CHANGES_MS = [0, 100] as const;
/** Until a request that lost its connection is given up: longer than several restarts, between which it may not get through. */
const PATIENCE_MS = 120_000;
/** Accepted broadcasts for each round of a campaign: a slow machine sends few in its time. */
const ROUND_BROADCASTS = 6;
const PADDING_BYTES = [0, 30, 600, 3_500] as const;
/** How many broadcasts are recalled, and how long after their answers. */
const RECALLS = 0.1;
const RECALLED_AFTER_MS = [0, 1_000] as const;
/** How far ahead a scheduled broadcast is sent. */
const LATER_MS = [200, 3_000] as const;
/** Devices a second: slow enough to last over a kill, fast enough to end. */
const PACE = [40, 400] as const;

/** The tags of the load. */
export const TAGS = ["a", "b", "c"] as const;
type Tag = (typeof TAGS)[number];
/** What goes to either of them is a broadcast of both. */
const EITHER: readonly Tag[] = ["a", "b"];

type How = "join" | "leave";

/** A request lost its connection, or the mesh failed: nobody knows whether it was carried out. */
const isUnanswered = (error: unknown): boolean =>
  error instanceof PushServerError && (error.status === undefined || error.status >= 500);

const codeOf = (error: unknown): string | undefined =>
  error instanceof PushServerError ? error.code : undefined;

export interface TagLoadOptions {
  readonly sender: PushServer;
  readonly devices: readonly FleetDevice[];
  readonly ledger: TagLedger;
  readonly random: Random;
}

export class TagLoad {
  readonly #options: TagLoadOptions;
  readonly #workers: Promise<void>[];
  /** Memberships that somebody is about to change. */
  readonly #taken = new Set<string>();
  readonly #sentAt = new Map<Tag, number[]>();
  #stopped = false;
  #failure: unknown;

  /** Sends, lets in and out from now on. */
  constructor(options: TagLoadOptions) {
    this.#options = options;
    const senders = Array.from({ length: SENDERS }, () => TAGS).flat();
    const sending = senders.map((tag) => () => this.#send(tag));
    const changing = Array.from({ length: CHANGERS }, () => () => this.#change());
    this.#workers = [...sending, ...changing].map((step) => this.#repeat(step));
  }

  /** Goes on until enough were accepted for so many rounds. */
  async suffice(rounds: number): Promise<void> {
    const enough = rounds * ROUND_BROADCASTS;
    const { ledger } = this.#options;
    const done = () => this.#stopped || ledger.ids().length >= enough;
    await until(() => `${enough} accepted, of ${ledger.ids().length}`, done, PATIENCE_MS);
  }

  /** Begins nothing more; resolves when every request has its answer or was given up. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#workers);
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #repeat(step: () => Promise<void>): Promise<void> {
    try {
      while (!this.#stopped) await step();
    } catch (error) {
      this.#failure ??= error;
      this.#stopped = true;
    }
  }

  async #send(tag: Tag): Promise<void> {
    const { random, ledger } = this.#options;
    // Load, not a wait for anything.
    await sleep(random.between(...PAUSE_MS));
    const isEither = EITHER.includes(tag) && random.chance(0.2);
    const tags = isEither ? EITHER : [tag];
    const room = () => this.#stopped || tags.every((each) => this.#hasRoom(each));
    await until("members that are less behind", room, LIMITS.REPLAY_MS);
    if (this.#stopped) return;
    for (const each of tags)
      this.#sentAt.set(each, [...(this.#sentAt.get(each) ?? []), Date.now()]);
    const padding = "x".repeat(random.pick(PADDING_BYTES));
    const isLater = random.chance(0.15);
    const sendAt = isLater ? Date.now() + random.between(...LATER_MS) : undefined;
    const sent = ledger.open(tags, sendAt);
    const message: BroadcastMessage = {
      to: isEither ? { condition: { any: EITHER.map((each) => ({ tag: each })) } } : { tag },
      data: { number: sent.number, padding },
      priority: random.pick(PRIORITY_NAMES),
      ...(sendAt === undefined ? {} : { sendAt: new Date(sendAt) }),
      ...(random.chance(0.05) ? { pace: random.between(...PACE) } : {}),
    };
    await this.#insist(sent, message);
  }

  #hasRoom(tag: Tag): boolean {
    const since = Date.now() - LIMITS.REPLAY_MS;
    const recent = (this.#sentAt.get(tag) ?? []).filter((at) => at > since);
    this.#sentAt.set(tag, recent);
    return recent.length < SENT_MOST && this.#options.ledger.behind(tag) < BEHIND;
  }

  /** Repeats a broadcast that got no answer, or sometimes gives it up; and sometimes one that got one. */
  async #insist(sent: SentBroadcast, message: BroadcastMessage): Promise<void> {
    const { sender, ledger, random } = this.#options;
    const insists = random.chance(0.7);
    const idempotencyKey = `${random.between(0, 2 ** 31)}-${random.between(0, 2 ** 31)}`;
    const attempt = async (): Promise<boolean> => {
      try {
        ledger.accepted(sent, (await sender.broadcast(message, { idempotencyKey })).id);
        return true;
      } catch (error) {
        // Nobody has joined yet, or too many of them wait: paced ones take their time.
        if (codeOf(error) === "tag_unknown") return true;
        if (codeOf(error) === "broadcast_rate") return this.#stopped;
        if (!isUnanswered(error)) throw error;
        return !insists;
      }
    };
    await until(`an answer for #${sent.number}`, attempt, PATIENCE_MS);
    if (sent.id !== undefined && random.chance(0.05))
      await until(`the same answer for #${sent.number}`, attempt, PATIENCE_MS);
    if (sent.id !== undefined && random.chance(RECALLS)) await this.#recall(sent, sent.id);
  }

  /** Insists until all were told. */
  async #recall(sent: SentBroadcast, id: string): Promise<void> {
    const { sender, ledger, random } = this.#options;
    // It is at any point on its way.
    await sleep(random.between(...RECALLED_AFTER_MS));
    ledger.recalling(sent);
    const attempt = async (): Promise<boolean> => {
      try {
        const { recall } = await sender.recall(id);
        return recall?.status === "sent";
      } catch (error) {
        if (codeOf(error) === "broadcast_rate" || isUnanswered(error)) return false;
        throw error;
      }
    };
    await until(`the recall of #${sent.number}`, attempt, PATIENCE_MS);
    ledger.recalled(sent);
  }

  /** Lets many devices out of a tag and all others in, side by side, from now on. */
  surge(): void {
    const tag = this.#options.random.pick(TAGS);
    for (const [how, share] of [["leave", SURGE_LEAVES] as const, ["join", 1] as const]) {
      const note = (error: unknown): void => {
        this.#failure ??= error;
      };
      this.#workers.push(this.#shift(how, tag, share).catch(note));
    }
  }

  async #change(): Promise<void> {
    const { random } = this.#options;
    await sleep(random.between(...BETWEEN_CHANGES_MS));
    await this.#shift(
      random.chance(0.7) ? "join" : "leave",
      random.pick(TAGS),
      // Now and then all at once: the tree grows deep, or stands empty.
      random.chance(0.03) ? 1 : random.next() ** 2 * 0.2,
    );
  }

  /** Lets some devices in or out: by the SDK where it is one that is there, else by the app's server. */
  async #shift(how: How, tag: Tag, share: number): Promise<void> {
    const { devices, random, ledger } = this.#options;
    const chosen = devices.filter(({ regId }) => {
      const isThere = ledger.standing(regId, tag) === (how === "join" ? "in" : "out");
      return random.chance(share) && !this.#taken.has(`${regId} ${tag}`) && !isThere;
    });
    const names = chosen.map(({ regId }) => `${regId} ${tag}`);
    for (const name of names) this.#taken.add(name);
    for (const { regId } of chosen) ledger.changing(how, regId, tag);
    const done = await this.#ask(how, tag, chosen);
    for (const regId of done) ledger.changed(how, regId, tag);
    for (const name of names) this.#taken.delete(name);
  }

  /** @returns those for whom it was answered */
  async #ask(how: How, tag: Tag, devices: readonly FleetDevice[]): Promise<readonly string[]> {
    const { sender, random } = this.#options;
    const [first] = devices;
    if (first === undefined) return [];
    if (devices.length === 1 && first.online && random.chance(0.7))
      return (await first.changeTag(how, tag)) ? [first.regId] : [];
    try {
      const regIds = devices.map(({ regId }) => regId);
      return await changeByServer(sender, how, tag, regIds);
    } catch (error) {
      if (!isUnanswered(error)) throw error;
      return [];
    }
  }
}

/** @returns those for whom it was done */
export async function changeByServer(
  sender: PushServer,
  how: How,
  tag: string,
  regIds: readonly string[],
): Promise<readonly string[]> {
  const results = await (how === "join"
    ? sender.tags.add(tag, regIds)
    : sender.tags.remove(tag, regIds));
  return results.filter(({ ok }) => ok).map(({ regId }) => regId);
}
