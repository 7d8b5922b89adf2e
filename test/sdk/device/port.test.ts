/** The seam between the two layers, over a real MessagePort: all that crosses it can be cloned. */
import { MessageChannel } from "node:worker_threads";
import { expect, it } from "vitest";
import {
  type ClientPort,
  memoryStorage,
  openClient,
  type ServicePort,
  startService,
} from "../../../sdk/device/mod.ts";
import { until } from "./fake/clock.ts";
import { APP, FakeMesh } from "./fake/mesh.ts";

/** A MessageChannel whose ends are typed as what each side sends. */
function channel(): { client: ClientPort; service: ServicePort } {
  const { port1, port2 } = new MessageChannel();
  return { client: port1 as unknown as ClientPort, service: port2 as unknown as ServicePort };
}

it("a client in another thread registers, receives, acknowledges, sees states and errors, and leaves", async () => {
  const mesh = new FakeMesh();
  const { host } = mesh;
  const storage = memoryStorage();
  const service = await startService({ url: "https://push.test", storage, host });
  const { client: port, service: servicePort } = channel();
  service.serve(servicePort);
  const client = await openClient({ appId: APP, port, storage, host });
  const got: unknown[] = [];
  const errors: (string | undefined)[] = [];
  client.onMessage(({ data }) => {
    got.push(data);
  });
  client.onState(({ error }) => errors.push(error?.code));
  expect(await client.register()).toBe("reg-AAAA-1-0");
  expect(await client.ping()).toBe(0);
  await until(() => mesh.socket.attached.size === 1, "the attach");
  const bytes = Uint8Array.of(1, 2, 3);
  mesh.socket.deliver(mesh.message("a"), mesh.message("", { contentType: 3, data: bytes }));
  await until(() => mesh.socket.acks.length > 0 && got.length === 2, "the acknowledgements");
  expect(got).toEqual(["a", bytes]);
  await client.subscribe(["one", "two"]);
  await client.setAlias("me", { shared: true });
  await client.setAttributes({ locale: "de", custom: { a: "b" } });
  expect(await client.describe()).toEqual({ tags: ["one", "two"], aliases: ["me"] });
  const lost: string[] = [];
  client.onAliasLost((alias) => lost.push(alias));
  mesh.socket.push({ kind: "aliasLost", value: { slot: 0, alias: "me" } });
  mesh.socket.push({ kind: "withdraw", value: { slot: 0, key: new Uint8Array(9) } });
  mesh.socket.broadcast(mesh.broadcast("to the tag"));
  await until(() => mesh.socket.cursors.length === 1, "the cursor");
  expect(got.at(-1)).toBe("to the tag");
  expect(lost).toEqual(["me"]);
  mesh.refuse.push({ code: "overloaded" });
  mesh.socket.end(4100, "token_invalid: who");
  await until(() => errors.includes("token_invalid"), "the reason");
  client.reconnectNow();
  await until(() => client.state === "connected", "the link");
  await client.close();
  await until(() => mesh.socket.attached.size === 0, "the detach");
  service.close();
  expect(mesh.violations).toEqual([]);
});

it("an error whose cause cannot be cloned crosses with the cause as text", async () => {
  const mesh = new FakeMesh();
  const cause = () => "no data";
  const fetch = () => Promise.reject(new Error("proxied", { cause }));
  const host = { ...mesh.host, fetch };
  const storage = memoryStorage();
  const service = await startService({ url: "https://push.test", storage, host });
  const { client: port, service: servicePort } = channel();
  service.serve(servicePort);
  const client = await openClient({ appId: APP, port, storage, host });
  const causes: unknown[] = [];
  client.onState(({ error }) => {
    if (error !== undefined) causes.push(error.cause);
  });
  await until(() => causes.length > 0, "the error");
  expect(causes[0]).toBe("Error: proxied");
  await client.close();
  service.close();
});
