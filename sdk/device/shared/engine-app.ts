/** One app of an engine: its client at the push service, shared by the clients that have joined. */
import { AppClient } from "../client/client.ts";
import type { Encryption, EncryptionContext } from "../client/encryption.ts";
import type { Content, PushMessage } from "../client/message.ts";
import { NOT_HANDLED } from "../client/message-handler.ts";
import type { ClientOptions } from "../client/options.ts";
import { RETRY_BASE_MS } from "../constants.ts";
import { CLOSED, PushError, type PushErrorData, toErrorData } from "../errors.ts";
import type { Host } from "../host.ts";
import { fanOut } from "./fan-out.ts";
import type { Peer } from "./peer.ts";
import {
  CALLS,
  type EncryptionCommand,
  type FromEngine,
  type Joining,
  type PlainChange,
  type Question,
  type ToEngine,
} from "./protocol.ts";

interface AppOwner {
  readonly host: Host;
  options(): Omit<ClientOptions, "appId" | "grant" | "encryption" | "sealed">;
  /** Whether the link is still this engine's to hold. */
  isCurrent(): Promise<boolean>;
}

/** What a client is opened with once, for all. */
const abilitiesOf = ({ grants, encrypts, sealed }: Joining): string =>
  `${[grants, encrypts, sealed]}`;

type Calling = Extract<ToEngine, { readonly kind: "call" }>;

export class EngineApp {
  readonly #owner: AppOwner;
  readonly #peers = new Set<Peer>();
  #client: Promise<AppClient> | undefined;
  #opened: AppClient | undefined;
  /** As it was opened. */
  #as = "";
  #context: EncryptionContext | undefined;
  #change: PlainChange = { state: "idle" };
  #regId: string | undefined;
  /** Clients whose tabs are there, and may listen, have joined or are asleep. */
  #isReady: boolean;
  #unlisten: (() => void) | undefined;
  readonly #over = Promise.withResolvers<never>();
  #isOver = false;
  /** The registration whose key is published; undefined for none. */
  #identity: string | undefined;
  /** Questions that no client could answer yet. */
  readonly #unanswered = new Set<() => void>();

  /** @param isReady false if clients of an earlier engine may still join */
  constructor(owner: AppOwner, isReady: boolean) {
    this.#owner = owner;
    this.#isReady = isReady;
    this.#over.promise.catch(() => {});
  }

  get peers(): ReadonlySet<Peer> {
    return this.#peers;
  }

  /** Messages may be passed on: all clients that there were have joined, or are asleep. */
  ready(): void {
    this.#isReady = true;
    this.#listen();
  }

  /** A client that is known, but has not joined. */
  add(peer: Peer): void {
    this.#peers.add(peer);
  }

  async join(peer: Peer, joining: Joining, listens: boolean): Promise<void> {
    peer.joining = joining;
    peer.listens = listens;
    this.#peers.add(peer);
    try {
      this.#client = this.#fits(peer, joining) ? this.#client : this.#open(joining, this.#client);
      await this.#client;
    } catch (error) {
      this.#client = undefined;
      peer.post({ kind: "refused", error: toErrorData(error, "storage_failed") });
      return;
    }
    if (this.#isOver) return;
    peer.post({ kind: "joined", change: this.#change, regId: this.#regId });
    this.#listen();
    this.woke(peer);
  }

  listen(peer: Peer, on: boolean): void {
    peer.listens = on;
    this.#listen();
  }

  /** There is one more client that can answer. */
  woke(peer: Peer): void {
    for (const ask of this.#unanswered) ask();
    void this.#tellRegistered(peer);
  }

  leave(peer: Peer): void {
    this.#peers.delete(peer);
    peer.end();
    this.#listen();
  }

  async call(peer: Peer, { call, name, args, options }: Calling): Promise<void> {
    peer.post({ kind: "got", call });
    const abort = new AbortController();
    peer.calls.set(call, abort);
    const settled = (answer: { value?: unknown; error?: PushErrorData }): void => {
      peer.calls.delete(call);
      if (this.#isOver) return;
      this.#regId = this.#opened?.regId;
      peer.post({ kind: "result", call, ...answer, regId: this.#regId });
    };
    try {
      const client = await this.#client;
      if (client === undefined) return;
      settled({ value: await this.#run(client, name, args, { ...options, signal: abort.signal }) });
    } catch (error) {
      settled({ error: toErrorData(error, "option_invalid") });
    }
  }

  wake(): void {
    this.#opened?.reconnectNow();
  }

  /** Lets go of the app; what clients are at work on comes to them again by another engine. @param isLost another one has the link */
  async stop(isLost: boolean): Promise<void> {
    this.#isOver = true;
    // Nothing is acknowledged while a handler is at work on it.
    this.#over.reject(new PushError({ ...CLOSED, retry: "later" }));
    const client = isLost ? this.#opened : await this.#client?.catch(() => undefined);
    await client?.stop(isLost);
    for (const peer of this.#peers) peer.end();
  }

  /** Whether there is a client, as this one wants it, or others do. */
  #fits(peer: Peer, joining: Joining): boolean {
    const isAlone = [...this.#peers].every((one) => one === peer || !one.joining);
    return this.#client !== undefined && (!isAlone || this.#as === abilitiesOf(joining));
  }

  /** @param earlier of clients that have all left: a page of another version may have grants, or encryption */
  async #open(joining: Joining, earlier: Promise<AppClient> | undefined): Promise<AppClient> {
    const { appId, grants, encrypts, sealed } = joining;
    this.#as = abilitiesOf(joining);
    if (earlier !== undefined) {
      this.#stopListening();
      this.#opened = undefined;
      await (await earlier.catch(() => undefined))?.stop(false);
    }
    const client = await AppClient.open({
      ...this.#owner.options(),
      ...{ appId, sealed },
      grant: grants
        ? async (request) => String(await this.#ask("grants", { kind: "grant", request }))
        : undefined,
      encryption: encrypts ? this.#encryption : undefined,
    });
    this.#opened = client;
    this.#regId = client.regId;
    client.onState(({ error, ...change }) => {
      if (this.#opened !== client) return;
      void this.#onState({ ...change, error: error && toErrorData(error, "link_lost") });
    });
    client.onRegId((regId, isNew) => {
      this.#regId = regId;
      this.#tell({ kind: "regId", regId, isNew });
    });
    client.onAliasLost((alias) => this.#tell({ kind: "aliasLost", alias }));
    client.onRecalled(({ id }) => this.#tell({ kind: "recalled", id }));
    client.onRemoved((error) => {
      this.#regId = undefined;
      this.#tell({ kind: "removed", error: toErrorData(error, "link_lost") });
    });
    client.onError((error) => {
      if (this.#peers.size === 0) this.#owner.host.report(error);
      this.#tell({ kind: "error", error: toErrorData(error, "storage_failed") });
    });
    return client;
  }

  async #onState(change: PlainChange): Promise<void> {
    // Another tab has become the leader: its link is the one that clients hear of.
    if (change.error?.code === "replaced" && !(await this.#owner.isCurrent())) return;
    this.#change = change;
    this.#tell({ kind: "state", change });
    this.#tellRegId();
  }

  /** It may have ended without an event. */
  #tellRegId(): void {
    const regId = this.#opened?.regId;
    if (regId === this.#regId) return;
    this.#regId = regId;
    this.#tell({ kind: "regId", regId, isNew: undefined });
  }

  #tell(event: FromEngine): void {
    if (this.#isOver) return;
    for (const peer of this.#peers) if (peer.joining) peer.post(event);
  }

  /** Listens while a client does. */
  #listen(): void {
    const wanted =
      this.#isReady && [...this.#peers].some(({ listens, joining }) => listens && joining);
    if (wanted && !this.#isOver)
      this.#unlisten ??= this.#opened?.onMessage((message) => this.#deliver(message));
    else this.#stopListening();
  }

  #stopListening(): void {
    this.#unlisten?.();
    this.#unlisten = undefined;
  }

  async #deliver(message: PushMessage): Promise<void> {
    try {
      const peers = [...this.#peers].filter(({ listens }) => listens);
      await Promise.race([fanOut(peers, message), this.#over.promise]);
    } catch (error) {
      if (this.#isOver) throw NOT_HANDLED;
      if (error === NOT_HANDLED) {
        // Listening anew makes it come again, before what is behind it.
        this.#stopListening();
        this.#owner.host.after(RETRY_BASE_MS, () => this.#listen());
      }
      throw error;
    }
  }

  async #run(
    client: AppClient,
    name: string,
    args: readonly unknown[],
    options: object,
  ): Promise<unknown> {
    if (name === "command") return this.#context?.command(args[0] as EncryptionCommand);
    if (!CALLS.some((known) => known === name)) throw new TypeError(`no such call: ${name}`);
    const methods = client as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
    const value = methods[name]?.(...args, options);
    // From the call on, a registration that is to end is none.
    this.#tellRegId();
    const answer = await value;
    this.#tellRegId();
    return answer;
  }

  /**
   * Asks one client after the other, and waits for another one if none can answer.
   *
   * @throws PushError what a client says; `client_closed`, with `retry` `later`, at the end of the engine
   */
  async #ask(ability: "grants" | "encrypts", question: Question): Promise<unknown> {
    for (;;) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#unanswered.add(resolve);
      try {
        for (const peer of [...this.#peers].filter(({ joining }) => joining?.[ability])) {
          try {
            return await Promise.race([peer.ask(question), this.#over.promise]);
          } catch (error) {
            if (error instanceof PushError || this.#isOver) throw error;
          }
        }
        await Promise.race([promise, this.#over.promise]);
      } finally {
        this.#unanswered.delete(resolve);
      }
    }
  }

  /** The client's code has the keys. */
  readonly #encryption: Encryption = {
    open: async (context) => {
      this.#context = context;
    },
    // One after the other: the first publishes the key, the others see that. Nobody waits for them, nor for those that are asleep.
    registered: (identity) =>
      new Promise((resolve) => {
        this.#identity = identity;
        const tell = async (): Promise<void> => {
          for (const peer of [...this.#peers]) if (await this.#tellRegistered(peer)) resolve();
          resolve();
        };
        void tell();
      }),
    read: async (message) => (await this.#ask("encrypts", { kind: "read", message })) as Content,
  };

  /** Whether it has answered. One that is asleep is told when it wakes up. */
  async #tellRegistered(peer: Peer): Promise<boolean> {
    if (!peer.joining?.encrypts || this.#identity === undefined) return false;
    return peer.ask({ kind: "registered", identity: this.#identity }).then(
      () => true,
      () => false,
    );
  }
}
