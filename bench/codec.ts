/**
 * Speed of the link codec in its two forms, the code of the mesh and the shapes of the device SDK, with the official
 * `thrift` package as the control.
 * `node bench/codec.ts` prints thousands of frames a second; docs/decisions/0001-codec.md has a run of it.
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
import * as shapes from "../schema/generated/link-shapes.ts";
import { readAst } from "../test/schema/support/idl.ts";
import { officialDecode, officialEncode } from "../test/schema/support/official.ts";

/** How long one round runs, and how many there are: the best counts, the machine is shared. */
const ROUND_MS = 200;
const ROUNDS = 5;

function rate(work: () => unknown): number {
  let best = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    let count = 0;
    let tookMs = 0;
    while (tookMs < ROUND_MS) {
      for (let i = 0; i < 500; i++) work();
      count += 500;
      tookMs = performance.now() - start;
    }
    best = Math.max(best, count / tookMs);
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
const shapesFrame = (body: Uint8Array): Uint8Array =>
  shapes.encodeEnvelope({ channel: CHANNEL_PUSH, body });
const officialFrame = (union: string, value: unknown): Uint8Array =>
  officialEncode(ast, "Envelope", {
    channel: CHANNEL_PUSH,
    body: officialEncode(ast, union, value),
  });
const bodyOf = (value: unknown): Uint8Array => (value as { body: Uint8Array }).body;
const deliverFrame = frame(encodePushDown(deliver));
const acksFrame = frame(encodePushUp(acks));

const CASES: readonly (readonly [string, () => unknown, () => unknown, () => unknown])[] = [
  [
    `encode deliver, ${deliverFrame.length} B`,
    () => frame(encodePushDown(deliver)),
    () => shapesFrame(shapes.encodePushDown(deliver)),
    () => officialFrame("PushDown", deliver),
  ],
  [
    `decode deliver, ${deliverFrame.length} B`,
    () => decodePushDown(decodeEnvelope(deliverFrame).body),
    () => shapes.decodePushDown(shapes.decodeEnvelope(deliverFrame).body),
    () => officialDecode(ast, "PushDown", bodyOf(officialDecode(ast, "Envelope", deliverFrame))),
  ],
  [
    `encode acks, ${acksFrame.length} B`,
    () => frame(encodePushUp(acks)),
    () => shapesFrame(shapes.encodePushUp(acks)),
    () => officialFrame("PushUp", acks),
  ],
  [
    `decode acks, ${acksFrame.length} B`,
    () => decodePushUp(decodeEnvelope(acksFrame).body),
    () => shapes.decodePushUp(shapes.decodeEnvelope(acksFrame).body),
    () => officialDecode(ast, "PushUp", bodyOf(officialDecode(ast, "Envelope", acksFrame))),
  ],
];

process.stdout.write("frames a second, thousands       code     shapes   official\n");
for (const [name, ...forms] of CASES) {
  const cells = forms.map((form) => rate(form).toFixed(0).padStart(8));
  process.stdout.write(`${name.padEnd(28)} ${cells.join("   ")}\n`);
}
