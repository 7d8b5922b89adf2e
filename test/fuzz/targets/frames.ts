/** WebSocket frames of a client: read the same in one piece and in many; bounded; closed by a documented code. */
import { ClientFrames } from "../../../hosts/machine/net/client-frames.ts";
import { ERRORS } from "../../../schema/errors.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { Random } from "../../chaos/random.ts";
import { clientFrame } from "../../mesh/support/raw-socket.ts";
import { mutateBytes, someBytes, spliced } from "../mutate/bytes.ts";
import { promise, type Target } from "../target.ts";

const CLOSES: ReadonlySet<number> = new Set([
  1000,
  1001,
  1002,
  1007,
  1009,
  ...Object.values(ERRORS).flatMap(({ close }) => (close === null ? [] : [close])),
]);

/** What became of bytes, as one text. */
function read(bytes: Uint8Array, steps: () => number): string {
  const events: string[] = [];
  let size = 0;
  const frames: ClientFrames = new ClientFrames({
    message(message, isText) {
      size = Math.max(size, message.length);
      events.push(
        `${isText ? "text" : "binary"} ${Buffer.from(message).toString("hex").slice(0, 40)} ${message.length}`,
      );
    },
    heartbeat: () => void events.push("heartbeat"),
    pinged: (payload) => void events.push(`ping ${payload.length}`),
    closed: (code) => void events.push(`closed ${code}`),
    close(code, reason) {
      promise(
        CLOSES.has(code) && Buffer.byteLength(reason) <= 123,
        () => `closes ${code} ${reason}`,
      );
      events.push(`close ${code}`);
      frames.stop();
    },
    destroy: () => void events.push("destroy"),
    now: () => 0,
  });
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + steps());
    frames.push(bytes.slice(at, end));
    at = end;
  }
  promise(size <= LIMITS.FRAME_BYTES, () => `a message of ${size} bytes`);
  return events.join("; ");
}

const OPCODES = [0, 1, 2, 8, 9, 10, 3, 15] as const;

function frameOf(random: Random): Uint8Array {
  const length = random.pick([0, 1, 4, 125, 126, 200, 65_535, 65_536, 65_537]);
  const payload = random.chance(0.2)
    ? Buffer.from("ping")
    : Buffer.alloc(random.chance(0.9) ? length % 300 : length, 97);
  const frame = Uint8Array.from(clientFrame(random.pick(OPCODES), payload, random.chance(0.7)));
  const how = random.next();
  // Its head: final, reserved bits, opcode, mask, and the length in all its forms
  if (how < 0.4)
    return spliced(frame, 0, random.between(1, 2), someBytes(random, random.between(1, 2)));
  if (how < 0.5)
    return spliced(frame, 1, 2, [
      0x80 | random.pick([126, 127]),
      ...someBytes(random, random.pick([2, 8])),
    ]);
  return how < 0.6 ? mutateBytes(frame, random) : frame;
}

function attempt(random: Random): boolean {
  const parts = Array.from({ length: random.between(1, 5) }, () => frameOf(random));
  const bytes = Uint8Array.from(Buffer.concat(parts));
  const whole = read(bytes, () => bytes.length);
  const apart = read(bytes, () => random.between(1, Math.max(30, bytes.length >> 3)));
  promise(
    whole === apart,
    () =>
      `frames ${Buffer.from(bytes).toString("hex").slice(0, 400)} read as ${whole}, in parts as ${apart}`,
  );
  return !whole.includes("close ");
}

export const frames: Target = { name: "frames", share: 6, open: () => ({ attempt }) };
