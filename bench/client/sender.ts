/** Client process: the app server, sending to either side with the same requests. */
import { serve } from "./calls.ts";
import { SIDES, type SideName } from "./device.ts";
import { type Address, HttpConnection } from "./http.ts";
import { forMs, pace, type Slice } from "./pace.ts";
import { RequestSigner, type SendingKey } from "./signed-send.ts";

/** What a sender expects to become of its message; anything else fails the benchmark. */
export type Expected = "delivered" | "queued";

export interface SenderSetup {
  readonly addresses: Readonly<Record<SideName, Address>>;
  readonly targets: Readonly<Record<SideName, readonly string[]>>;
  readonly key: SendingKey;
  /** Connections to each side, each with one request at a time. */
  readonly inFlight: number;
}

interface Aim {
  readonly connections: readonly HttpConnection[];
  readonly targets: readonly string[];
  next: number;
}

const STATUS: Readonly<Record<Expected, number>> = { delivered: 200, queued: 202 };
const CONTROL_ACTION: Readonly<Record<Expected, string>> = { delivered: "send", queued: "store" };

const aims: Record<SideName, Aim> = {
  mesh: { connections: [], targets: [], next: 0 },
  control: { connections: [], targets: [], next: 0 },
};
let signer = new RequestSigner({ keyId: "", secret: "" });

async function sendOne(side: SideName, lane: number, expected: Expected): Promise<void> {
  const { connections, targets } = aims[side];
  const target = targets[aims[side].next++ % targets.length] ?? "";
  // The control is signed for too, so that the client costs both sides the same.
  const path = side === "mesh" ? "/v1/messages" : `/${CONTROL_ACTION[expected]}/${target}`;
  const answer = await connections[lane]?.request(signer.make(path, target));
  const wanted = side === "mesh" ? STATUS[expected] : 200;
  if (answer?.status !== wanted) {
    throw new Error(`${side}: wanted ${wanted}, got ${answer?.status} ${answer?.body}`);
  }
}

const calls = {
  async aim({ addresses, targets, key, inFlight }: SenderSetup): Promise<void> {
    signer = new RequestSigner(key);
    for (const side of SIDES) {
      const connections = Array.from({ length: inFlight }, () =>
        HttpConnection.open(addresses[side]),
      );
      aims[side] = {
        connections: await Promise.all(connections),
        targets: targets[side],
        next: 0,
      };
    }
  },

  /** Sends for so long, to one device after another. */
  run(side: SideName, ms: number, expected: Expected): Promise<Slice> {
    return pace(aims[side].connections.length, forMs(ms), (lane) => sendOne(side, lane, expected));
  },

  /** Sends so many messages to every device. */
  fill(side: SideName, messages: number, expected: Expected): Promise<Slice> {
    let left = messages * aims[side].targets.length;
    const more = () => left-- > 0;
    return pace(aims[side].connections.length, more, (lane) => sendOne(side, lane, expected));
  },
};
export type SenderCalls = typeof calls;

serve(calls);
