/** An app server whose answers are lost on their way, beside another one of the same app. */
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { connect, memoryStorage } from "../../sdk/device/mod.ts";
import { PushServer, UndecidedError } from "../../sdk/server/mod.ts";
import { type App, Mesh } from "../chaos/mesh.ts";

let mesh: Mesh;
let app: App;

beforeAll(async () => {
  mesh = await Mesh.start();
  app = await mesh.app("lost answers");
});

afterAll(() => mesh.stop());

async function register(): Promise<string> {
  const client = await connect({ url: mesh.url, appId: app.appId, storage: memoryStorage() });
  onTestFinished(() => client.close());
  return client.register();
}

/**
 * @param isLost whether the first try does not come to the mesh, or its answer not back
 * @param meanwhile what others do before it is tried again
 */
function unlucky(isLost: "try" | "answer", meanwhile: () => Promise<unknown>): PushServer {
  let tries = 0;
  return new PushServer({
    url: mesh.url,
    keyId: app.keyId,
    key: app.secret,
    host: {
      fetch: async (url, init) => {
        tries++;
        const response = tries === 1 && isLost === "try" ? undefined : await fetch(url, init);
        if (tries > 1 && response !== undefined) return response;
        await response?.arrayBuffer();
        throw new TypeError("connection reset");
      },
      sleep: async () => {
        await meanwhile();
      },
    },
  });
}

test("A1 A6 a set whose answer was lost does not take the alias from who set it since", async () => {
  const [first, second] = [await register(), await register()];
  const other = mesh.sender(app);
  const late = unlucky("answer", () => other.aliases.add("user", second));
  await expect(late.aliases.add("user", first)).rejects.toBeInstanceOf(UndecidedError);
  expect(await other.aliases.get("user")).toMatchObject({ regIds: [second] });
});

test("A6 T1 nor does such a change of who is in a tag undo a later one", async () => {
  const regId = await register();
  const other = mesh.sender(app);
  const late = unlucky("answer", () => other.tags.remove("news", regId));
  await expect(late.tags.add("news", regId)).rejects.toBeInstanceOf(UndecidedError);
  expect(await other.registration(regId)).toMatchObject({ tags: [] });
});

test("A6 a set that did not come to the mesh is carried out by its second try", async () => {
  const regId = await register();
  const late = unlucky("try", async () => {});
  expect(await late.aliases.add("lone", regId)).toMatchObject([{ ok: true }]);
  expect(await late.aliases.get("lone")).toMatchObject({ regIds: [regId] });
});
