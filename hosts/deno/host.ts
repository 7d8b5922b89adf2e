/** The host `deno`: the whole mesh in this process, on one database. */
import { readFileSync } from "node:fs";
import { countOf } from "../../objects/bindings.ts";
import { StorageError } from "../../objects/storage-error.ts";
import { app } from "../../worker/app.ts";
import type { Env } from "../../worker/env.ts";
import type { SenderLinks } from "../../worker/sender/sender-links.ts";
import { keyringIn } from "../machine/data-folder.ts";
import { HostFailure } from "../machine/failure.ts";
import type { HostContext, MachineHost, MeshProcess, Started, TlsFiles } from "../machine/host.ts";
import { capacityFor } from "../machine/limits.ts";
import { requireFree } from "../machine/port.ts";
import { proxiesOf } from "../machine/proxies.ts";
import { machineSettings } from "../machine/settings.ts";
import { collector } from "./collect.ts";
import { nodeCrypto } from "./crypto.ts";
import { docsIn } from "./docs.ts";
import { DenoLinks } from "./links.ts";
import { Listener } from "./listener.ts";
import { DenoLive } from "./live.ts";
import { answerJson } from "./net/answer.ts";
import { addressOf, wasEncrypted } from "./net/client-address.ts";
import type { Certificate } from "./net/tls.ts";
import { Mesh } from "./objects/mesh.ts";
import { denoSenders } from "./senders.ts";
import type { Database } from "./store/database.ts";
import { isStored } from "./store/device-store.ts";
import { openDatabase } from "./store/open.ts";
import { sealStaleSecrets } from "./store/seal-secrets.ts";
import { WebhookPost } from "./webhook-post.ts";

/** Its socket. An awake device uses no descriptor. */
const DESCRIPTORS_PER_LINK = 1;
/** Time for the sends of sender links to end during a stop. */
const DRAIN_SENDERS_MS = 1_000;
/** Time to close the links during a stop, and then for requests in progress to end. */
const DRAIN_MS = 3_000;
const REQUESTS_MS = 1_000;

/** A Worker's execution context, for Hono. The process outlives requests, so `waitUntil` does nothing. */
const EXECUTION = { waitUntil() {}, passThroughOnException() {}, props: {} };

class DenoMesh implements MeshProcess {
  readonly #context: HostContext;
  readonly #mesh: Mesh;
  readonly #links: DenoLinks;
  readonly #live: DenoLive;
  readonly #senders: SenderLinks;
  readonly #listener: Listener;
  readonly #fetch: (request: Request) => Response | Promise<Response>;
  readonly #stopped = Promise.withResolvers<void>();
  #stopping = false;

  constructor(context: HostContext, db: Database, tls: Certificate | null) {
    const { secrets, report } = context;
    const keyring = keyringIn(secrets);
    this.#context = context;
    this.#mesh = new Mesh({
      collect: collector(),
      db,
      keyring,
      nodeMembers: countOf(machineSettings().NODE_MEMBERS),
      webhookPost: new WebhookPost(context.webhooks),
      report(error) {
        // The database logs write failures, once.
        if (error instanceof StorageError) return;
        report.problem(error instanceof Error ? `${error.stack}` : `${error}`);
      },
    });
    this.#links = new DenoLinks({ mesh: this.#mesh, maxLinks: context.maxLinks });
    this.#live = new DenoLive(this.#mesh, this.#links);
    this.#senders = denoSenders(this.#mesh, this.#links);
    const sockets = { LINK_HOST: this.#links, LIVE_HOST: this.#live, SENDERS: this.#senders };
    const env = environment(context, this.#mesh, sockets);
    const readEnv: Env = { ...env, ANSWER_JSON: answerJson };
    this.#fetch = (request) => app.fetch(request, env, EXECUTION);
    this.#listener = new Listener({
      hostname: context.listen,
      tls,
      handler: (request) => app.fetch(request, readEnv, EXECUTION),
      http2Handler: this.#fetch,
      capacity: capacityFor(context.maxLinks),
      keyring,
      isRegistered: (name) => isStored(db, name),
      proxies: proxiesOf(context.trustProxy),
      log: report.problem,
      enterSlice: (...work) => this.#mesh.workSlices.enter(...work),
    });
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  async start(): Promise<Started> {
    try {
      const port = await this.#listener.open(this.#context.port);
      return { port, fetch: async (url, init) => this.#fetch(new Request(url, init)) };
    } catch (error) {
      throw new HostFailure(`the port cannot be opened: ${(error as Error).message}`);
    }
  }

  watch(): Promise<void> {
    return this.#stopped.promise;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#mesh.quiesce();
    // The senders first: what they have under way is answered by devices that are still there.
    await this.#senders.drain(DRAIN_SENDERS_MS);
    await Promise.all([this.#links.drain(DRAIN_MS), this.#live.drain()]);
    await this.#listener.stop(REQUESTS_MS);
    this.#mesh.close();
    this.#stopped.resolve();
  }

  kill(): void {
    // The process exits next. Everything that was answered is on disk.
    this.#stopping = true;
  }
}

function environment(
  { secrets, docs }: HostContext,
  mesh: Mesh,
  sockets: Pick<Env, "LINK_HOST" | "LIVE_HOST" | "SENDERS">,
): Env {
  return {
    ...(docs === null ? {} : { DOCS: docsIn(docs) }),
    ...mesh.bindings,
    MESH_KEYS: secrets.meshKeys,
    ADMIN_TOKEN: secrets.adminToken,
    ...sockets,
    CRYPTO: nodeCrypto,
    TURN: () => mesh.turns.yield(),
    ADDRESS_OF: addressOf,
    WAS_ENCRYPTED: wasEncrypted,
  };
}

/** @throws {HostFailure} naming the file that cannot be read */
function readTls(files: TlsFiles | null): Certificate | null {
  if (files === null) return null;
  const read = (option: string, file: string): string => {
    try {
      return readFileSync(file, "utf8");
    } catch (error) {
      throw new HostFailure(`${option} ${file} cannot be read: ${(error as Error).message}`);
    }
  };
  return { cert: read("--tls-cert", files.cert), key: read("--tls-key", files.key) };
}

async function prepare(context: HostContext): Promise<MeshProcess> {
  const tls = readTls(context.tls);
  await requireFree(context.listen, context.port);
  const db = openDatabase(context.folder.database, {
    log: context.report.problem,
    isNew: context.isNew,
  });
  // The database logs a disk that takes no writes: the mesh starts all the same, and the next start tries again.
  await sealStaleSecrets(db, keyringIn(context.secrets)).catch((error: unknown) => {
    if (!(error instanceof StorageError)) throw error;
  });
  return new DenoMesh(context, db, tls);
}

export const denoHost: MachineHost = {
  name: "deno",
  descriptorsPerLink: DESCRIPTORS_PER_LINK,
  prepare,
};
