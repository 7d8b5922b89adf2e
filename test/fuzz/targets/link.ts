/** Frames of a device, at its object: valid ones in any order, and broken ones. */
import { ERRORS } from "../../../schema/errors.ts";
import {
  CHANNEL_ECHO,
  CHANNEL_LINK,
  CHANNEL_PUSH,
  encodeEnvelope,
} from "../../../schema/generated/link.ts";
import type { Random } from "../../chaos/random.ts";
import { linkCodec } from "../../schema/support/codecs.ts";
import { mutateBytes, someBytes } from "../mutate/bytes.ts";
import { mutateCompact } from "../mutate/compact.ts";
import { Broken, type Probe, promise, type Target } from "../target.ts";
import { World } from "../world.ts";
import { shapeOf } from "./codec.ts";

/** Frames after which another world is made: a device may open 240 links in the life of a token, and most broken frames end one. */
const LIFE = 200;
type Spoken = readonly [channel: number, codec: ReturnType<typeof linkCodec>];
const PUSH: Spoken = [CHANNEL_PUSH, linkCodec("PushUp")];
const CHANNELS: readonly [Spoken, ...Spoken[]] = [
  [CHANNEL_LINK, linkCodec("LinkUp")],
  ...[PUSH, PUSH, PUSH, PUSH, PUSH, PUSH],
  [CHANNEL_ECHO, linkCodec("Echo")],
];
const ENVELOPE = linkCodec("Envelope");
const CLOSES: ReadonlySet<number> = new Set(
  Object.values(ERRORS).flatMap(({ close }) => (close === null ? [] : [close])),
);
const TEXTS = ["news", "é", "user-0", "x".repeat(129), ""] as const;

/** Has a command name what there is: the slot of the registration, an app, a tag. */
function aimed(value: unknown, names: Readonly<Record<string, unknown>>, random: Random): unknown {
  if (Array.isArray(value)) return value.map((one) => aimed(one, names, random));
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) {
    return typeof value === "string" && random.chance(0.5) ? random.pick(TEXTS) : value;
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      name in names && random.chance(0.8)
        ? names[name]
        : name === "kind"
          ? member
          : aimed(member, names, random),
    ]),
  );
}

function frameOf(world: World, random: Random): Uint8Array {
  const [device] = world.devices;
  const [channel, codec] = random.pick(CHANNELS);
  const names = { slot: device?.slot ?? 1, appId: world.apps[random.between(0, 1)]?.appId };
  const value = aimed(shapeOf(codec.ast, codec.name, random), names, random);
  const valid = codec.encode(value);
  let body = valid;
  if (random.chance(0.4)) body = mutateCompact(valid, random, valid);
  if (random.chance(0.1)) body = mutateBytes(body, random);
  const frame = encodeEnvelope({
    channel: random.chance(0.97) ? channel : random.between(-9, 9),
    body,
  });
  if (random.chance(0.05))
    return mutateCompact(frame, random, ENVELOPE.encode({ channel: 1, body }));
  return random.chance(0.02) ? someBytes(random, random.pick([0, 1, 100, 65_536, 65_537])) : frame;
}

async function open(): Promise<Probe> {
  let world = await World.make();
  let left = LIFE;
  return {
    async attempt(random) {
      const [device] = world.devices;
      if (device === undefined || left-- === 0) {
        world.close();
        world = await World.make();
        left = LIFE;
        return false;
      }
      if (!device.isOpen) await device.reopen();
      const frame = frameOf(world, random);
      await device.frame(frame);
      const told = () => Buffer.from(frame).toString("hex").slice(0, 2_000);
      const [reported] = world.reported.splice(0);
      if (reported !== undefined)
        throw new Broken(`an object failed after ${told()}: ${(reported as Error).stack}`);
      if (device.isOpen) return true;
      promise(CLOSES.has(device.closedWith), () => `closed ${device.closedWith} after ${told()}`);
      return false;
    },
    close: () => world.close(),
  };
}

export const link: Target = { name: "link", share: 8, open };
