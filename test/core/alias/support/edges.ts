/**
 * Edges that send by `firstAckWins` to an alias of `World`, each with what it remembers of the holders; and the devices, which take
 * what rings when a history says so, and tell the alias until it has heard.
 */
import { type Sent, sendToHolders } from "../../../../core/alias/sending.ts";
import type { AliasHolders } from "../../../../core/alias/types.ts";
import type { SendAnswer } from "../../../../core/message/send.ts";
import { FINGERPRINT, firstAckOf, seqOf, type World, type WorldDevice } from "./world.ts";

export const keyOf = (n: number): Uint8Array => Uint8Array.of(n);

const STATUS = { rings: "queued", taken: "delivered", recalled: "recalled" } as const;

export class Edges {
  readonly #world: World;
  /** By edge. */
  readonly #known: (AliasHolders | undefined)[] = [];
  /** By key: who has taken it, and told all others that it knew of. */
  readonly #told = new Map<string, number>();
  readonly wrongs: string[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  /** One request, or its repetition. Rejects where the alias died while it was asked. */
  send(edge: number, n: number): Promise<readonly Sent[]> {
    const key = keyOf(n);
    return sendToHolders({
      known: this.#known[edge],
      fingerprint: FINGERPRINT,
      firstAckWins: true,
      now: 0,
      ask: async () => {
        const answer = await this.#world.call((alias) => alias.holders(key));
        const { shared, holders } = answer;
        this.#known[edge] = holders.length > 0 ? { shared, holders } : undefined;
        return answer;
      },
      send: async ({ device }, _shared, taken) => {
        const at = Number(device.slice("device-".length));
        try {
          return await this.#world.inTime(
            this.#world.carry(() => this.#deliver(at, String(key), taken)),
          );
        } catch {
          return { ok: false, code: "overloaded" };
        }
      },
      within: (_, done) => Promise.race([done, this.#world.elapse()]),
    });
  }

  /** All that rings at a device is taken there; the alias is told of it again and again. */
  async take(device: number): Promise<void> {
    const end = this.#device(device);
    const keys = [...end.rung].filter(([, state]) => state === "rings").map(([key]) => key);
    for (const key of keys) {
      const taker = this.#told.get(key);
      if (taker !== undefined) this.wrongs.push(`${key} is taken by ${taker} and by ${device}`);
      end.rung.set(key, "taken");
    }
    await Promise.all(keys.map((key) => this.#tell(device, key)));
  }

  /** What rings of a message that has been taken, once nothing is under way. */
  get rings(): string[] {
    return this.#world.devices.flatMap(({ rung }, device) =>
      [...rung].flatMap(([key, state]) =>
        state === "rings" && this.#told.has(key) ? [`${key} rings at ${device}`] : [],
      ),
    );
  }

  async #tell(device: number, key: string): Promise<void> {
    const request = firstAckOf(device, keyOf(Number(key)));
    for (let isTold = false; !isTold; ) {
      isTold = await this.#world
        .call((alias) => alias.firstAck(request))
        .then(
          () => true,
          () => false,
        );
    }
    if (!this.#told.has(key)) this.#told.set(key, device);
  }

  /** As core/device does: what is known is answered, and only a holder is given what is not. */
  #deliver(at: number, key: string, taken?: { readonly seq: number | null }): SendAnswer {
    const end = this.#device(at);
    if (taken?.seq === null) end.withdraw(keyOf(Number(key)));
    const known = end.rung.get(key);
    if (known !== undefined) return { ok: true, status: STATUS[known], seq: seqOf(at) };
    if (!end.mine) return { ok: false, code: "alias_stale" };
    end.rung.set(key, "rings");
    return { ok: true, status: "queued", seq: seqOf(at) };
  }

  #device(device: number): WorldDevice {
    const end = this.#world.devices[device];
    if (end === undefined) throw new Error(`no device ${device}`);
    return end;
  }
}
