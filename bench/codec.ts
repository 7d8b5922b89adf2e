/**
 * Speed of the link codec, with the official `thrift` package as the control.
 * `node bench/codec.ts` prints microseconds of CPU time; docs/decisions/0001-codec.md has a run of it.
 */
import { resolve } from "node:path";
import {
  CHANNEL_PUSH,
  ContentType,
  decodeEnvelope,
  decodePushDown,
  decodePushUp,
  encodeEnvelope,
  encodePushDown,
  encodePushUp,
  type Message,
  Priority,
} from "../schema/generated/link.ts";
import { readAst } from "../test/schema/support/idl.ts";
import { officialDecode, officialEncode } from "../test/schema/support/official.ts";

/** How long one round runs, and how many there are: the best one counts, because the machine is shared. */
const ROUND_MS = 200;
const ROUNDS = 10;

/** CPU time of this thread, ms: on a busy machine the time of the wall says little. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

function cost(work: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = cpuMs();
    let count = 0;
    let tookMs = 0;
    while (tookMs < ROUND_MS) {
      for (let i = 0; i < 500; i++) work();
      count += 500;
      tookMs = cpuMs() - start;
    }
    best = Math.min(best, (tookMs / count) * 1_000);
  }
  return best;
}

/** A message of common size: 220 bytes of data, a frame of 275. */
const message: Message = {
  slot: 3,
  seq: 366_280_704_000_000,
  key: new Uint8Array(9).fill(7),
  priority: Priority.NORMAL,
  contentType: ContentType.JSON,
  data: new Uint8Array(220).fill(65),
  expiresAtMs: 1_795_910_400_000,
  collapseKey: "inbox",
};
const deliver = { kind: "deliver", value: { messages: [message] } } as const;
const acks = {
  kind: "acks",
  value: [{ slot: 3, priority: Priority.NORMAL, seq: message.seq }],
} as const;

const ast = readAst(resolve(import.meta.dirname, "../schema/link.thrift"));
const frame = (body: Uint8Array): Uint8Array => encodeEnvelope({ channel: CHANNEL_PUSH, body });
const officialFrame = (union: string, value: unknown): Uint8Array =>
  officialEncode(ast, "Envelope", {
    channel: CHANNEL_PUSH,
    body: officialEncode(ast, union, value),
  });
const bodyOf = (value: unknown): Uint8Array => (value as { body: Uint8Array }).body;
const deliverFrame = frame(encodePushDown(deliver));
const acksFrame = frame(encodePushUp(acks));

const encodeDeliver = () => frame(encodePushDown(deliver));
const decodeAcks = () => decodePushUp(decodeEnvelope(acksFrame).body);
const officialEncodeDeliver = () => officialFrame("PushDown", deliver);
const officialDecodeAcks = () =>
  officialDecode(ast, "PushUp", bodyOf(officialDecode(ast, "Envelope", acksFrame)));

/** A name, our work and that of the control. */
const CASES: readonly (readonly [string, () => unknown, () => unknown])[] = [
  [`encode deliver, ${deliverFrame.length} B`, encodeDeliver, officialEncodeDeliver],
  [
    `decode deliver, ${deliverFrame.length} B`,
    () => decodePushDown(decodeEnvelope(deliverFrame).body),
    () => officialDecode(ast, "PushDown", bodyOf(officialDecode(ast, "Envelope", deliverFrame))),
  ],
  [
    `encode acks, ${acksFrame.length} B`,
    () => frame(encodePushUp(acks)),
    () => officialFrame("PushUp", acks),
  ],
  [`decode acks, ${acksFrame.length} B`, decodeAcks, officialDecodeAcks],
  [
    "a send of the mesh: encode deliver, decode acks",
    () => [encodeDeliver(), decodeAcks()],
    () => [officialEncodeDeliver(), officialDecodeAcks()],
  ],
];

process.stdout.write(`${"µs of CPU time a frame".padEnd(50)}     ours   official\n`);
for (const [name, ...forms] of CASES) {
  const cells = forms.map((form) => cost(form).toFixed(2).padStart(8));
  process.stdout.write(`${name.padEnd(50)} ${cells.join("   ")}\n`);
}
