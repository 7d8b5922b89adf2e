/** A mesh that was put back to a backup: its logs are shorter than what devices have come to. */
import { join } from "node:path";
import { expect, test } from "vitest";
import type { BroadcastAnswerBody } from "../../../schema/http.ts";
import { listenLive } from "../../../sdk/device/live/mod.ts";
import { until } from "../../chaos/wait.ts";
import { runJson, type User } from "../support/command.ts";
import { setLive } from "../support/listener.ts";
import { demoOf, startMesh } from "../support/mesh.ts";
import { Phone } from "../support/phone.ts";
import { temporaryFolder } from "../support/process.ts";
import { signedCall } from "../support/signed-call.ts";

test("M4 devices have every broadcast once that is sent after a restore, though they had come further before", async () => {
  const mesh = await startMesh(temporaryFolder());
  const { appId, keyId, secret } = demoOf(mesh.data);
  const server = { url: mesh.url, keyId, secret };
  const broadcast = async () => {
    const body = { to: { everyone: true }, data: "x" };
    return (await signedCall<BroadcastAnswerBody>(server, "POST", "/v1/messages", body)).id;
  };
  const phone = new Phone(mesh.url, appId);
  const away = new Phone(mesh.url, appId);
  for (const one of [phone, away]) await one.on();
  const early = await broadcast();
  for (const one of [phone, away]) await one.hasShown(1);
  const copy = join(temporaryFolder(), "backup");
  const operator: User = { data: mesh.data, home: temporaryFolder() };
  await runJson(operator, "backup", "--to", copy, "--with-secrets");
  const gone = [await broadcast(), await broadcast(), await broadcast()];
  for (const one of [phone, away]) await one.hasShown(4);
  mesh.process.kill("SIGKILL");
  await mesh.process.exited;
  for (const one of [phone, away]) one.off();

  await startMesh(copy, Number(new URL(mesh.url).port));
  await phone.on();
  // More than the one that is away had come to before.
  const live: string[] = [];
  for (let n = 0; n < 5; n++) live.push(await broadcast());
  await phone.hasShown(9);
  await away.on();
  await away.hasShown(9);
  for (const one of [phone, away]) expect(one.shown).toEqual([early, ...gone, ...live]);
});

test("M4 listeners who know the app's key hear every broadcast once that is sent after a restore", async () => {
  const mesh = await startMesh(temporaryFolder());
  const { url } = mesh;
  const { appId, keyId, secret } = demoOf(mesh.data);
  const server = { url, keyId, secret };
  const tag = "score";
  const broadcast = (data: string) =>
    signedCall<BroadcastAnswerBody>(server, "POST", "/v1/messages", { to: { tag }, data });
  await setLive(url, { appId, keyId, secret }, tag, "open");
  const answer = await fetch(`${url}/v1/apps/${appId}/live-key`);
  const { publicKey } = await answer.json();
  const heard: unknown[] = [];
  let connections = 0;
  const listener = listenLive({
    ...{ url, appId, tag, publicKey },
    onMessage: ({ data }) => heard.push(data),
    onPresence: () => connections++,
    // It does not wait longer the longer the restore takes.
    host: { random: () => 0.1 },
  });
  await until("the listener", () => connections > 0, 20_000);
  await broadcast("early");
  await until("the listener", () => heard.length === 1, 20_000);
  const copy = join(temporaryFolder(), "backup");
  const operator: User = { data: mesh.data, home: temporaryFolder() };
  await runJson(operator, "backup", "--to", copy, "--with-secrets");
  for (const data of ["gone 1", "gone 2", "gone 3"]) await broadcast(data);
  await until("the listener", () => heard.length === 4, 20_000);
  mesh.process.kill("SIGKILL");
  await mesh.process.exited;
  connections = 0;
  await startMesh(copy, Number(new URL(url).port));
  await until("the listener", () => connections > 0, 20_000);
  for (const data of ["new 1", "new 2", "new 3", "new 4"]) await broadcast(data);
  await until("the listener", () => heard.includes("new 4"), 20_000);
  expect(heard).toEqual([
    "early",
    "gone 1",
    "gone 2",
    "gone 3",
    "new 1",
    "new 2",
    "new 3",
    "new 4",
  ]);
  listener.close();
});
