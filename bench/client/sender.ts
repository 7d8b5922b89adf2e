/** Client process: the app server, sending to either side with the same requests. */
import { serve } from "./calls.ts";
import { SIDES, type SideName } from "./device.ts";
import { type Address, HttpConnection } from "./http.ts";
import { forMs, pace, type Slice, steady } from "./pace.ts";
import { RequestSigner, type SendingKey } from "./signed-send.ts";

/**
 * What is sent. `send`: to a device with a link. `ask`: the same, and the control waits for the device's answer too.
 * `store`: to one without.
 */
export type SendKind = "send" | "ask" | "store";

export interface SenderSetup {
  readonly addresses: Readonly<Record<SideName, Address>>;
  readonly targets: Readonly<Record<SideName, readonly string[]>>;
  readonly key: SendingKey;
  readonly ed25519: SendingKey;
  /** Connections to each side, each with one request at a time. */
  readonly inFlight: number;
}

interface Aim {
  readonly address: Address;
  readonly targets: readonly string[];
  next: number;
}

/** The mesh's answer, `delivered` or `queued`; any other fails the benchmark. */
const STATUS: Readonly<Record<SendKind, number>> = { send: 200, ask: 200, store: 202 };

const MESSAGES = "/v1/messages";

/** As many as a batch takes. */
const BATCH_MESSAGES = 500;

const aims: Partial<Record<SideName, Aim>> = {};
let connectionCount = 0;
let signer = new RequestSigner({ keyId: "", secret: "" });
let signers: Readonly<Record<"ed25519" | "hmac", RequestSigner>> = {
  ed25519: signer,
  hmac: signer,
};

async function sendOne(
  side: SideName,
  aim: Aim,
  connection: HttpConnection | undefined,
  kind: SendKind,
): Promise<void> {
  const target = aim.targets[aim.next++ % aim.targets.length] ?? "";
  // The control is signed for too, so that the client costs both sides the same.
  const path = side === "mesh" ? MESSAGES : `/${kind}/${target}`;
  const answer = await connection?.request(signer.make(path, target));
  const wanted = side === "mesh" ? STATUS[kind] : 200;
  if (answer?.status !== wanted) {
    throw new Error(`${side}: wanted ${wanted}, got ${answer?.status} ${answer?.body}`);
  }
}

/** Sends one batch: to the mesh all must be delivered. */
async function sendBatch(
  side: SideName,
  aim: Aim,
  connection: HttpConnection | undefined,
): Promise<void> {
  const { targets } = aim;
  const count = Math.min(BATCH_MESSAGES, targets.length);
  const first = aim.next % targets.length;
  aim.next += count;
  const at = (n: number) => targets[(first + n) % targets.length] ?? "";
  const path =
    side === "mesh" ? "/v1/messages/batch" : `/batch/${count}/${first}/${targets.length}`;
  const request = signer.makeBatch(
    path,
    Array.from({ length: count }, (_, n) => at(n)),
  );
  const answer = await connection?.request(request);
  if (answer?.status !== 200 || answer.body.includes('"error"'))
    throw new Error(`${side}: got ${answer?.status} ${answer?.body.slice(0, 300)}`);
}

const aimOf = (side: SideName): Aim => {
  const aim = aims[side];
  if (aim === undefined) throw new Error("no aim");
  return aim;
};

/** Opens connections before the clock starts, each time: workerd closes one that is idle for 5 s. */
async function withConnections(
  side: SideName,
  work: (aim: Aim, connections: readonly HttpConnection[]) => Promise<Slice>,
): Promise<Slice> {
  const aim = aimOf(side);
  const connections = await Promise.all(
    Array.from({ length: connectionCount }, () => HttpConnection.open(aim.address)),
  );
  try {
    return await work(aim, connections);
  } finally {
    for (const connection of connections) connection.close();
  }
}

/** Sends while `more` says so. */
const send = (side: SideName, kind: SendKind, more: (aim: Aim) => () => boolean): Promise<Slice> =>
  withConnections(side, (aim, connections) =>
    pace(connectionCount, more(aim), (lane) => sendOne(side, aim, connections[lane], kind)),
  );

/** One request on a connection of its own. */
async function ask(side: SideName, wanted: number, request: string): Promise<void> {
  const connection = await HttpConnection.open(aimOf(side).address);
  const { status, body } = await connection.request(request);
  connection.close();
  if (status !== wanted) throw new Error(`${side}: wanted ${wanted}, got ${status} ${body}`);
}

const calls = {
  async aim({ addresses, targets, key, ed25519, inFlight }: SenderSetup): Promise<void> {
    signer = new RequestSigner(key);
    signers = { ed25519: new RequestSigner(ed25519), hmac: signer };
    connectionCount = inFlight;
    for (const side of SIDES) {
      aims[side] = { address: addresses[side], targets: targets[side], next: 0 };
    }
  },

  /** The key of what is sent from now on; first by HMAC. */
  async signBy(name: "ed25519" | "hmac"): Promise<void> {
    signer = signers[name];
  },

  /** Sends for so long, to one device after another. */
  run(side: SideName, ms: number, kind: SendKind): Promise<Slice> {
    return send(side, kind, () => forMs(ms));
  },

  /** Sends batches for so long, to as many devices each as it takes. */
  async runBatches(
    side: SideName,
    ms: number,
    atOnce: number,
  ): Promise<{ readonly slice: Slice; readonly messages: number }> {
    const slice = await withConnections(side, (aim, connections) =>
      pace(Math.min(atOnce, connections.length), forMs(ms), (lane) =>
        sendBatch(side, aim, connections[lane]),
      ),
    );
    return { slice, messages: Math.min(BATCH_MESSAGES, aimOf(side).targets.length) };
  },

  /**
   * Begins one broadcast, and resolves when it is accepted.
   *
   * @param to of the mesh
   * @param path of the control
   */
  async broadcast(side: SideName, to: unknown, path: string): Promise<void> {
    await ask(
      side,
      side === "mesh" ? 202 : 200,
      signer.make(side === "mesh" ? MESSAGES : path, to),
    );
  },

  /** Lets anybody listen to a tag. */
  async openTag(tag: string): Promise<void> {
    const path = `/v1/tags/${tag}/live`;
    await ask("mesh", 204, signer.sign("PUT", path, JSON.stringify({ access: "open" })));
  },

  /** Begins a send so many times a second, whether those before have ended or not, and waits for all in the end. */
  async steady(side: SideName, perSecond: number, ms: number): Promise<Slice> {
    return await withConnections(side, (aim, connections) =>
      steady(perSecond, ms, connections.length, (lane) =>
        sendOne(side, aim, connections[lane], "send"),
      ),
    );
  },

  /** Sends so many messages to every device. */
  fill(side: SideName, messages: number, kind: SendKind): Promise<Slice> {
    return send(side, kind, ({ targets }) => {
      let left = messages * targets.length;
      return () => left-- > 0;
    });
  },
};
export type SenderCalls = typeof calls;

serve(calls);
