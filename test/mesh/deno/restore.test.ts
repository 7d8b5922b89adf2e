/** A mesh that was put back to a backup: its logs are shorter than what devices have come to. */
import { join } from "node:path";
import { expect, test } from "vitest";
import type { BroadcastAnswerBody } from "../../../schema/http.ts";
import { runJson, type User } from "../support/command.ts";
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
  await runJson(operator, "backup", "--to", copy);
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
