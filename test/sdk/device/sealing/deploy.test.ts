/** A mesh in the middle of a deploy: its edges give keys, while its objects are still of a version that takes none. */
import { expect, test } from "vitest";
import { settle, until } from "../fake/clock.ts";
import { start } from "../fake/mesh.ts";
import { codes, held, mesh, relink, sealing, useSealedMesh } from "./support.ts";

useSealedMesh();

async function registering() {
  sealing.takesSetups = false;
  const device = await start(mesh, { sealed: true });
  let end = "";
  const registered = device.client.register().then(
    (regId) => {
      end = regId;
    },
    (error) => {
      end = error.code;
    },
  );
  const frames = () => mesh.sockets.flatMap((socket) => socket.frames);
  const asked = () => frames().filter(({ kind }) => kind === "register").length;
  /** Lets time pass up to this attempt, or the end: keys are made in real time. */
  const untilAsked = async (count: number) => {
    for (let turns = 0; turns < 2_000 && end === "" && asked() < count; turns++) {
      await settle();
      // Not while an attempt is under way.
      if (turns % 10 === 9) await mesh.clock.advance(1_000);
    }
  };
  return { ...device, registered, asked, untilAsked, end: () => end };
}

test("S27 register waits for the end of the deploy, asking less and less often, and is then sealed", async () => {
  const device = await registering();
  await device.untilAsked(1);
  const began = mesh.now();
  await device.untilAsked(4);
  expect(device.end()).toBe("");
  expect(device.asked()).toBe(4);
  expect(mesh.now() - began).toBeGreaterThanOrEqual(7_000);
  expect(device.client.regId).toBeUndefined();
  sealing.takesSetups = true;
  await device.untilAsked(9);
  expect(device.asked()).toBe(5);
  expect(device.end()).toBe(held().regId);
  expect(device.client.regId).toBe(held().regId);
  expect(device.regIds).toEqual([held().regId]);
  expect(held().epoch).toBeGreaterThan(0);
  expect(codes(device)).toEqual(["sealed_invalid"]);
  await device.client.close();
});

test("S27 register of a mesh that stays so fails, and may be called later", async () => {
  const device = await registering();
  await device.untilAsked(99);
  expect(device.end()).toBe("sealed_invalid");
  expect(device.asked()).toBe(7);
  expect(device.client.regId).toBeUndefined();
  sealing.takesSetups = true;
  await relink();
  await until(() => device.client.regId, "the key of the next link");
  expect(await device.client.register()).toBe(held().regId);
  await device.client.close();
});

test("S27 a client that is closed meanwhile asks no more", async () => {
  const device = await registering();
  await device.untilAsked(2);
  await device.client.close();
  await device.registered;
  expect(device.end()).toBe("client_closed");
  await mesh.clock.advance(60_000);
  await settle();
  expect(device.asked()).toBe(2);
  expect(mesh.reported).toEqual([]);
});
