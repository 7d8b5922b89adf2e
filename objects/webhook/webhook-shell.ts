/**
 * The objects of an app's webhooks, named by `webhookNames`. The first one has the endpoints. The events of a device go to one of them, so that none is
 * hot, and each delivers what it has stored.
 */
import { Limiter } from "../../core/link/limiter.ts";
import type { Refused } from "../../core/message/refusal.ts";
import {
  changeEndpoint,
  createEndpoint,
  disableEndpoint,
  findEndpoint,
  listedEndpoint,
  rotateSecret,
} from "../../core/webhook/endpoints.ts";
import { LabelledMessages } from "../../core/webhook/labelled.ts";
import { firstWebhookName, shardOfWebhookName } from "../../core/webhook/names.ts";
import { type Attempt, WebhookQueue } from "../../core/webhook/queue.ts";
import type { WebhookStore } from "../../core/webhook/store.ts";
import { targetFault } from "../../core/webhook/target.ts";
import type {
  AcceptAnswer,
  AcceptRequest,
  DeadLetterPage,
  DeadLetterQuery,
  DisabledReason,
  Endpoint,
  EndpointAnswer,
  EndpointChange,
  EndpointHealth,
  EndpointSettings,
  LabelledMessage,
  LabelQuery,
  ListedEndpoint,
  ReplayAnswer,
  ReplayRequest,
  TestAnswer,
} from "../../core/webhook/types.ts";
import { LIMITS } from "../../schema/limits.ts";
import { toBase64Url } from "../../schema/text.ts";
import { AlarmRetry } from "../alarm-retry.ts";
import type { Peers } from "../interfaces/peers.ts";
import type { WebhookRpc } from "../interfaces/rpc.ts";
import { Memory } from "../memory.ts";
import type { Erasable, ObjectRuntime } from "../runtime.ts";
import { Stay } from "../stay.ts";
import { deliver } from "./delivery.ts";
import { sendTestEvent } from "./test-event.ts";
import type { WebhookPort } from "./webhook-port.ts";

type Store = WebhookStore & Erasable & { sealStaleSecrets(): number };

interface Loaded {
  readonly store: Store;
  readonly queue: WebhookQueue;
  readonly labels: LabelledMessages;
}

/** Random bytes of an endpoint's id and of a `webhook-id`. */
const ENDPOINT_ID_BYTES = 9;
const BATCH_ID_BYTES = 15;

/** How long an alarm waits for what is due soon. */
const LINGER_MS = 2 * LIMITS.WEBHOOK_BATCH_MS;

const TESTING: Refused = {
  ok: false,
  code: "too_many_requests",
  detail: `${LIMITS.WEBHOOK_PARALLEL} tests of webhooks are under way`,
  retryAfterMs: 1_000,
};

export class WebhookShell implements WebhookRpc {
  readonly #runtime: ObjectRuntime<Store>;
  readonly #peers: Pick<Peers, "webhook">;
  readonly #port: WebhookPort;
  readonly #memory: Memory<Store, Loaded>;
  readonly #stay: Stay;
  readonly #retry: AlarmRetry;
  /** In memory, so that no attempt writes a row. */
  readonly #upstream = new Limiter(LIMITS.UPSTREAM_APP_PER_SECOND, LIMITS.UPSTREAM_APP_BURST);
  /** Ids of the batches that are being tried, by endpoint. */
  readonly #inFlight = new Map<string, Set<string>>();
  /** Tests under way. */
  #testing = 0;
  /** Ends the wait of the alarm that works; null if none does. */
  #wake: (() => void) | null = null;
  /** What another object says about the app's endpoints, and until when that is used. */
  #known: { readonly endpoints: readonly Endpoint[]; readonly until: number } | null = null;

  constructor(runtime: ObjectRuntime<Store>, peers: Pick<Peers, "webhook">, port: WebhookPort) {
    this.#runtime = runtime;
    this.#peers = peers;
    this.#port = port;
    this.#stay = new Stay(runtime.residence);
    this.#retry = new AlarmRetry(runtime);
    this.#memory = new Memory(runtime, ({ store }) => ({
      store,
      labels: new LabelledMessages(store),
      queue: new WebhookQueue({
        store,
        random: () => runtime.random(),
        makeId: () => this.#makeBatchId(),
      }),
    }));
  }

  get name(): string {
    return this.#runtime.name;
  }

  // ---------------------------------------------------------------- events

  async accept(request: AcceptRequest): Promise<AcceptAnswer> {
    return this.#stay.during(async () => {
      const endpoints = await this.#endpoints();
      const now = this.#runtime.now();
      const over = request.onceMs === undefined ? 0 : this.#upstream.take(now);
      if (over > 0) {
        const detail = `at most ${LIMITS.UPSTREAM_APP_PER_SECOND} messages of the app's devices a second`;
        return { ok: false, code: "rate_limited", detail, retryAfterMs: over };
      }
      const { events, labelled = [] } = request;
      const accepted = await this.#memory.answer(({ queue, labels }): AcceptAnswer => {
        labels.add(labelled, now);
        return events.length === 0 ? { ok: true } : queue.accept(request, endpoints, now);
      });
      if (events.length === 0) return accepted;
      if (accepted.ok) await this.#expect(now + LIMITS.WEBHOOK_BATCH_MS);
      return accepted;
    });
  }

  /**
   * The alarm fires: delivers what is due. In a process that can be killed meanwhile, the alarm stays set until that is done; Workers repeat an alarm
   * that did not end.
   */
  alarm(): Promise<void> {
    const { hibernates } = this.#runtime.residence;
    return this.#stay.during(() =>
      hibernates ? this.#retry.ring(() => this.#run()) : this.#run(),
    );
  }

  // ---------------------------------------------------------------- endpoints, of the first object

  async endpoints(): Promise<readonly Endpoint[]> {
    const endpoints = await this.#answer(({ store }) => store.endpoints());
    if (this.#memory.standing?.store.hasStaleSecrets === true && !this.#runtime.isFailing)
      await this.#answer(({ store }) => store.sealStaleSecrets());
    return endpoints;
  }

  async create(settings: EndpointSettings): Promise<EndpointAnswer> {
    const refused = this.#refusedTarget(settings.url);
    if (refused !== null) return refused;
    const secret = this.#runtime.randomBytes(LIMITS.WEBHOOK_SECRET_BYTES);
    const id = `we_${toBase64Url(this.#runtime.randomBytes(ENDPOINT_ID_BYTES))}`;
    const now = this.#runtime.now();
    const endpoint = await this.#answer(({ store }) =>
      createEndpoint(store, settings, { id, secret }, now),
    );
    if (endpoint === null) return { ok: false, code: "too_many_webhooks" };
    return { ok: true, endpoint: listedEndpoint(endpoint), secret };
  }

  async change(id: string, change: EndpointChange): Promise<EndpointAnswer> {
    const refused = change.url === undefined ? null : this.#refusedTarget(change.url);
    if (refused !== null) return refused;
    const now = this.#runtime.now();
    const changed = await this.#answer(({ store }) => {
      const endpoint = findEndpoint(store, id);
      return endpoint && changeEndpoint(store, endpoint, change, now);
    });
    await this.#expect(now);
    return changed && { ok: true, endpoint: listedEndpoint(changed) };
  }

  async rotate(id: string, overlapMs: number): Promise<EndpointAnswer> {
    const secret = this.#runtime.randomBytes(LIMITS.WEBHOOK_SECRET_BYTES);
    const now = this.#runtime.now();
    const rotated = await this.#answer(({ store }) => {
      const endpoint = findEndpoint(store, id);
      return endpoint && rotateSecret(store, endpoint, secret, overlapMs, now);
    });
    return rotated && { ok: true, endpoint: listedEndpoint(rotated), secret };
  }

  async remove(id: string): Promise<ListedEndpoint | null> {
    const removed = await this.#answer(({ store }) => {
      const endpoint = findEndpoint(store, id);
      if (endpoint !== null) store.removeEndpoint(id);
      return endpoint && listedEndpoint(endpoint);
    });
    await this.#expect(this.#runtime.now());
    return removed;
  }

  disable(id: string, reason: DisabledReason): Promise<boolean> {
    const now = this.#runtime.now();
    return this.#answer(({ store }) => disableEndpoint(store, id, reason, now));
  }

  /** Sends an event of type `test`, which is not stored. Null if there is no such endpoint. */
  async test(id: string): Promise<Refused | TestAnswer | null> {
    // Each may hold a connection for ten seconds: no more than deliveries do, whoever asks.
    if (this.#testing >= LIMITS.WEBHOOK_PARALLEL) return TESTING;
    this.#testing++;
    return this.#test(id).finally(() => this.#testing--);
  }

  #test(id: string): Promise<TestAnswer | null> {
    return this.#stay.during(async () => {
      const endpoint = await this.#answer(({ store }) => findEndpoint(store, id));
      if (endpoint === null) return null;
      const now = () => this.#runtime.now();
      return sendTestEvent(this.#port, endpoint, this.#makeBatchId(), now);
    });
  }

  // ---------------------------------------------------------------- health and dead letters

  health(): Promise<readonly EndpointHealth[]> {
    return this.#answer(({ queue }) => queue.health);
  }

  deadLetters(query: DeadLetterQuery): Promise<DeadLetterPage> {
    return this.#answer(({ queue }) => queue.deadLetters(query));
  }

  /** A page of the messages with a label, of this object. */
  labelled(query: LabelQuery): Promise<readonly LabelledMessage[]> {
    const now = this.#runtime.now();
    return this.#answer(({ labels }) => labels.page(query, now));
  }

  async replay(request: ReplayRequest): Promise<ReplayAnswer> {
    const now = this.#runtime.now();
    const answer = await this.#answer(({ queue }) => queue.replay(request, now));
    if (answer.replayed > 0) await this.#expect(now);
    return answer;
  }

  /** The app is deleted. */
  async erase(): Promise<void> {
    await this.#answer(({ store }) => store.erase());
    this.#memory.reload();
    this.#known = null;
    await this.#runtime.free();
  }

  /**
   * Leaves memory if there is nothing to do.
   *
   * @returns false if there is, or if it was used after `idleSince`, by `Residence.sweeps`
   */
  sleep(idleSince: number): boolean {
    return this.#stay.end(
      idleSince,
      () => this.#wake !== null,
      () => {
        this.#memory.reload();
        this.#known = null;
      },
    );
  }

  // ---------------------------------------------------------------- delivery

  /** Delivers until nothing is due, or for as long as one alarm may. */
  async #run(): Promise<void> {
    const end = this.#runtime.now() + LIMITS.WEBHOOK_RUN_MS;
    const running = new Set<Promise<void>>();
    try {
      while (true) {
        const { promise: woken, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        const endpoints = await this.#endpoints();
        const isOver = this.#runtime.now() >= end;
        for (const attempt of isOver ? [] : await this.#take(endpoints)) {
          const attempting = this.#attempt(attempt).finally(() => running.delete(attempting));
          running.add(attempting);
        }
        const dueInMs = isOver ? null : this.#dueIn(endpoints);
        // What is due in a moment is waited for: another alarm would cost a row.
        if (running.size === 0 && (dueInMs === null || dueInMs > LINGER_MS)) break;
        const timer = this.#runtime.scheduler.timer(dueInMs ?? LINGER_MS, resolve);
        await Promise.race([...running, ...(isOver ? [] : [woken])]);
        timer.cancel();
      }
    } finally {
      this.#wake = null;
      // If one has failed: the alarm is over when all have ended.
      await Promise.allSettled(running);
    }
    await this.#tidy();
  }

  async #tidy(): Promise<void> {
    const endpoints = await this.#endpoints();
    const now = this.#runtime.now();
    const next = await this.#memory.answer(({ queue }) => {
      const isDone = queue.tidy(endpoints, this.#inFlight, now);
      return isDone ? queue.nextAt(endpoints, this.#inFlight) : now;
    });
    if (!this.#memory.loaded.store.exists) {
      await this.#runtime.free();
      return;
    }
    if (!this.#runtime.residence.hibernates) this.#runtime.alarm.fired();
    if (next !== null) await this.#setAlarm(Math.max(next, now + 1));
  }

  /** Milliseconds until something is due; null for never. */
  #dueIn(endpoints: readonly Endpoint[]): number | null {
    const { queue } = this.#memory.loaded;
    const at = queue.nextAt(endpoints, this.#inFlight);
    return at === null ? null : Math.max(1, at - this.#runtime.now());
  }

  async #take(endpoints: readonly Endpoint[]): Promise<readonly Attempt[]> {
    const now = this.#runtime.now();
    // Their rows are stored before the first request leaves.
    return this.#memory.answer(({ queue }) => queue.take(endpoints, this.#inFlight, now));
  }

  async #attempt(attempt: Attempt): Promise<void> {
    const { endpoint, id } = attempt;
    const ids = this.#inFlight.get(endpoint.id) ?? new Set();
    this.#inFlight.set(endpoint.id, ids.add(id));
    try {
      const { failure, isGone } = await deliver(this.#port, attempt, this.#runtime.now());
      const now = this.#runtime.now();
      const isHopeless = await this.#memory.answer(({ queue }) =>
        queue.settle(endpoint.id, id, failure, now),
      );
      if (isGone || isHopeless) await this.#giveUp(endpoint.id, isGone ? "gone" : "failing");
    } finally {
      ids.delete(id);
      if (ids.size === 0) this.#inFlight.delete(endpoint.id);
    }
  }

  async #giveUp(id: string, reason: DisabledReason): Promise<void> {
    const first = firstWebhookName(this.name);
    if (first === this.name) await this.disable(id, reason);
    else await this.#peers.webhook(first).disable(id, reason);
    this.#known = null;
  }

  /** The endpoints of the app, at most `LIMITS.WEBHOOK_ENDPOINTS_MS` old. */
  async #endpoints(): Promise<readonly Endpoint[]> {
    const first = firstWebhookName(this.name);
    if (first === this.name) return this.#memory.loaded.store.endpoints();
    const now = this.#runtime.now();
    const isFresh = (until: number) => now < until && until - now <= LIMITS.WEBHOOK_ENDPOINTS_MS;
    if (this.#known !== null && isFresh(this.#known.until)) return this.#known.endpoints;
    const endpoints = await this.#peers.webhook(first).endpoints();
    this.#known = { endpoints, until: now + LIMITS.WEBHOOK_ENDPOINTS_MS };
    return endpoints;
  }

  /** Something is due at this time. */
  async #expect(at: number): Promise<void> {
    if (!this.#memory.loaded.store.exists) return;
    // The alarm that works looks again; it stands until it has ended, or the platform repeats it.
    if (this.#wake !== null) this.#wake();
    else await this.#setAlarm(at);
  }

  async #setAlarm(at: number): Promise<void> {
    try {
      await this.#runtime.alarm.set(at);
    } catch (error) {
      this.#memory.fail(error);
      throw error;
    }
  }

  #refusedTarget(url: string): Refused | null {
    if (this.#port.targets === "off") return { ok: false, code: "webhooks_off" };
    const fault = targetFault(url, this.#port.targets);
    return fault === null
      ? null
      : { ok: false, code: "webhook_url_refused", detail: `url ${fault}` };
  }

  #answer<Answer>(handler: (loaded: Loaded) => Answer): Promise<Answer> {
    return this.#stay.during(() => this.#memory.answer(handler));
  }

  #makeBatchId(): string {
    const random = toBase64Url(this.#runtime.randomBytes(BATCH_ID_BYTES));
    return `msg_${shardOfWebhookName(this.name)}_${random}`;
  }
}
