/** The one push service of a device and the clients of its apps, shared by all who attach: tabs of an origin, or processes. */
import { checkAppId } from "../client/options.ts";
import { optionInvalid, toErrorData } from "../errors.ts";
import { type Host, toOrigin } from "../host.ts";
import { openService, type PushService } from "../service/service.ts";
import type { Storage } from "../storage/storage.ts";
import { EngineApp } from "./engine-app.ts";
import { Peer } from "./peer.ts";
import type { FromEnginePort, Joining, ToEngine } from "./protocol.ts";

export interface EngineOptions {
  readonly url: string | readonly string[];
  readonly identifiers: readonly string[];
  readonly storage: Storage;
  readonly host: Host;
  /** Whether the link is still this engine's to hold. Default: yes. */
  readonly isCurrent?: () => Promise<boolean>;
}

function differs(name: string, own: readonly string[], theirs: readonly string[]): never {
  const message = `${name}: tabs on this storage have ${JSON.stringify(own)}, this one ${JSON.stringify(theirs)}. Give the same, or another storage.`;
  throw optionInvalid(message);
}

export class Engine {
  readonly #options: EngineOptions;
  readonly #service: PushService;
  readonly #apps = new Map<string, EngineApp>();
  /** False while clients of an earlier engine may still join. */
  #isReady = true;
  #isOver = false;

  private constructor(options: EngineOptions, service: PushService) {
    this.#options = options;
    this.#service = service;
  }

  /**
   * Reads the keys of the device. The link opens when the first app joins.
   *
   * @throws PushError `option_invalid`, `storage_failed`, `crypto_unsupported`
   */
  static async open(options: EngineOptions): Promise<Engine> {
    const { url, identifiers, storage, host } = options;
    const endpoints = [url].flat();
    return new Engine(options, await openService({ endpoints, identifiers, storage, host }));
  }

  /**
   * Serves the client at the other end of the port until it leaves, or what is returned is called, because it is gone.
   *
   * @param onEnd called then
   * @param expected the app of a client of an earlier engine that has not joined this one yet: messages wait until `ready`, and it gets them even if
   *   it sleeps
   */
  serve(port: FromEnginePort, onEnd?: () => void, expected?: string): () => void {
    const { host } = this.#options;
    const peer = new Peer(host, port, expected === undefined);
    let app: EngineApp | undefined;
    if (expected !== undefined) {
      this.#isReady = false;
      app = this.#app(expected);
      app.add(peer);
    }
    const end = (): void => {
      // One that was refused waits for the answer as well.
      peer.post({ kind: "left" });
      if (app) app.leave(peer);
      else peer.end();
      this.#look();
      onEnd?.();
    };
    port.onmessage = ({ data }) => {
      if (this.#isOver) {
        // The others go to the next engine.
        if (data.kind === "leave") peer.post({ kind: "left" });
        return;
      }
      const { isAsleep } = peer;
      peer.heard();
      if (isAsleep) app?.woke(peer);
      if (data.kind === "join") app = this.#join(peer, data) ?? app;
      else if (data.kind === "leave") end();
      else if (app) this.#receive(app, peer, data);
    };
    return end;
  }

  /** Who has not joined by now is asleep. */
  ready(): void {
    this.#isReady = true;
    for (const app of this.#apps.values()) app.ready();
  }

  /** Messages need not wait any more if all that are expected have joined, or are gone. */
  #look(): void {
    const peers = [...this.#apps.values()].flatMap((app) => [...app.peers]);
    if (!this.#isReady && peers.every(({ joining }) => joining)) this.ready();
  }

  /** Ends the link. Registrations stay, and messages wait in the mesh. @param isLost another engine has the link already */
  async close(isLost = false): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await Promise.all([...this.#apps.values()].map((app) => app.stop(isLost)));
    this.#service.close();
  }

  #join(peer: Peer, { listens, ...joining }: Extract<ToEngine, { kind: "join" }>) {
    try {
      checkAppId(joining.appId);
      this.#checkMesh(joining);
    } catch (error) {
      peer.post({ kind: "refused", error: toErrorData(error, "option_invalid") });
      return undefined;
    }
    const app = this.#app(joining.appId);
    void app.join(peer, joining, listens);
    this.#look();
    return app;
  }

  /** @throws PushError `option_invalid` that names what the client has otherwise: it would wait for the mesh of others */
  #checkMesh({ url, identifiers }: Joining): void {
    const own = [this.#options.url].flat().map(toOrigin);
    // One in common is enough: tabs of a page that adds an endpoint meet those of the one before.
    if (url && !url.some((one) => own.includes(one))) differs("url", own, url);
    const ids = this.#options.identifiers;
    if (identifiers && `${identifiers}` !== `${ids}`) differs("identifiers", ids, identifiers);
  }

  #receive(app: EngineApp, peer: Peer, message: ToEngine): void {
    switch (message.kind) {
      case "call":
        void app.call(peer, message);
        return;
      case "cancel":
        peer.calls.get(message.call)?.abort();
        return;
      case "listen":
        app.listen(peer, message.on);
        return;
      case "wake":
        app.wake();
        return;
      case "got":
      case "outcome":
      case "answer":
      case "refusal":
        peer.receive(message);
    }
  }

  #app(appId: string): EngineApp {
    const known = this.#apps.get(appId);
    if (known) return known;
    const { url, storage, host, isCurrent = async () => true } = this.#options;
    const options = () => ({ url, storage, host, port: this.#service.openPort() });
    const app = new EngineApp({ host, options, isCurrent }, this.#isReady);
    this.#apps.set(appId, app);
    return app;
  }
}
