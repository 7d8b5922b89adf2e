/** A request of `firstAckWins` that is repeated after a kill: what one phone has taken rings at no other. */
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { connect, memoryStorage } from "../../sdk/device/mod.ts";
import { type App, Mesh } from "../chaos/mesh.ts";
import { until } from "../chaos/wait.ts";

let mesh: Mesh;
let app: App;

beforeAll(async () => {
  mesh = await Mesh.start();
  app = await mesh.app("alias-taken");
});

afterAll(() => mesh.stop());

/** A device whose app keeps what it was shown. */
async function device() {
  const client = await connect({ url: mesh.url, appId: app.appId, storage: memoryStorage() });
  onTestFinished(() => client.close());
  const shown: unknown[] = [];
  client.onMessage(({ data }) => {
    shown.push(data);
  });
  return { client, regId: await client.register(), shown };
}

test.each([
  ["holds the alias still", false],
  ["has left it", true],
])(
  "A3 P2.2 P1.2 what a phone took that %s rings at none that joined, also after a kill -9",
  async (_, leaves) => {
    const server = mesh.sender(app);
    const [taker, away, joined] = [await device(), await device(), await device()];
    away.client.close();
    const alias = `kim-${leaves}`;
    await server.aliases.add(alias, [taker.regId, away.regId], { shared: true });
    const send = () =>
      server.send({ to: { alias, firstAckWins: true }, data: "a call" }, { idempotencyKey: alias });
    const first = new Map((await send()).results.map((result) => [result.regId, result]));
    expect(first.get(taker.regId)).toMatchObject({ status: "delivered" });
    // The alias has heard of it: it has told the other.
    const waiting = first.get(away.regId);
    if (waiting === undefined || !("id" in waiting)) throw new Error("no result");
    const isRecalled = async () => (await server.status(waiting.id)).status === "recalled";
    await until("it is not withdrawn", isRecalled, 20_000);
    if (leaves) await server.aliases.remove(alias, [taker.regId, away.regId]);
    await mesh.kill(mesh.victims[0]);
    await server.aliases.add(alias, [joined.regId], { shared: true });
    const { results } = await send();
    const statuses = new Map(results.map((each) => [each.regId, "status" in each && each.status]));
    expect(statuses.get(taker.regId)).toBe("delivered");
    expect(statuses.get(joined.regId)).toBe("recalled");
    if (!leaves) expect(statuses.get(away.regId)).toBe("recalled");
    expect([taker.shown, joined.shown]).toEqual([["a call"], []]);
  },
);
