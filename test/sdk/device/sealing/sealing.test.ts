/** What the mesh and an app seal for each other, past a push service that tries everything it can. */
import { expect, test } from "vitest";
import type { Sealed } from "../../../../schema/generated/link.ts";
import { memoryStorage } from "../../../../sdk/device/mod.ts";
import { settle, until } from "../fake/clock.ts";
import { APP, reaches, start } from "../fake/mesh.ts";
import {
  app,
  codes,
  held,
  mesh,
  numberNow,
  relink,
  renew,
  sealing,
  useSealedMesh,
} from "./support.ts";

useSealedMesh();

/** Every byte that passes the push service, in both directions. */
function wire() {
  const all: Uint8Array[] = [];
  const { openSocket } = mesh.host;
  const host = {
    ...mesh.host,
    openSocket: ((url, protocols, events) => {
      const received = (data: string | Uint8Array) => {
        if (typeof data !== "string") all.push(data);
        events.received(data);
      };
      const socket = openSocket(url, protocols, { ...events, received });
      return {
        close: (code, reason) => socket.close(code, reason),
        send: (data) => {
          if (typeof data !== "string") all.push(data);
          socket.send(data);
        },
      };
    }) as typeof openSocket,
  };
  return { all, host };
}

test("S25 nothing of messages, broadcasts, names and grants passes the push service in the clear", async () => {
  const { all, host } = wire();
  const grant = `a.${btoa('{"iat":1,"exp":3600}')}.secret-grant`;
  const { client } = await start(mesh, { host, sealed: true, grant: () => grant });
  const got: unknown[] = [];
  client.onMessage(({ data, tag }) => {
    got.push(tag ?? data);
  });
  await client.register();
  expect(sealing.grants).toEqual([grant]);
  await until(() => mesh.socket.attached.size === 1, "the attach");
  mesh.socket.deliver(mesh.message("secret-text"), mesh.message("secret-2"));
  mesh.socket.broadcast(mesh.broadcast("secret-3", { tag: "secret-tag" }));
  await until(() => got.length === 3, "all three");
  await client.setAlias("secret-alias");
  await client.subscribe("secret-tag");
  await client.setAttributes({ custom: { secret: "secret-value" } });
  expect(await client.describe()).toEqual({ tags: ["secret-tag"], aliases: ["secret-alias"] });
  await client.unregister();
  expect(got.toSorted()).toEqual(["secret-2", "secret-tag", "secret-text"]);
  const text = all.map((bytes) => Buffer.from(bytes).toString("latin1")).join("\n");
  expect(text).toContain(APP);
  expect(text).not.toContain("secret");
  expect(text).not.toContain(grant.slice(0, 12));
  expect(mesh.socket.sealed).toHaveLength(5);
  await client.close();
});

test("S25 messages keep their order, are acknowledged as before, and shown once over links and restarts", async () => {
  const storage = memoryStorage();
  const first = await app(storage);
  const messages = Array.from({ length: 40 }, (_, i) => mesh.message(String(i)));
  for (const message of messages) mesh.socket.deliver(message);
  await until(() => first.got.length === 40, "all");
  expect(first.texts()).toEqual(messages.map((_, i) => String(i)));
  await until(() => mesh.socket.acks.at(-1)?.seq === messages.at(-1)?.seq, "the acknowledgement");
  await first.client.close();
  const second = await app(storage);
  expect(mesh.socket.hello?.lastSeq).toBeGreaterThan(messages.at(-1)?.seq ?? 0);
  mesh.socket.deliver(...messages.slice(-3), mesh.message("new"));
  await second.shows("new");
  expect(second.texts()).toEqual(["new"]);
  await relink();
  mesh.socket.deliver(mesh.message("newer"));
  await second.shows("new", "newer");
  // One key for all of it.
  expect(held().epoch).toBe(1);
  expect(codes(second)).toEqual([]);
  await second.client.close();
});

/** What a push service can make of frames that it has seen, or make up. */
const FORGERIES: Readonly<Record<string, (seen: Sealed) => Sealed>> = {
  "an altered ciphertext": (seen) => {
    const body = seen.body.slice();
    body[20] = (body[20] ?? 0) ^ 1;
    return { ...seen, number: numberNow(5), body };
  },
  "another number": (seen) => ({ ...seen, number: numberNow(6) }),
  "a replay": (seen) => seen,
  "another epoch": (seen) => ({ ...seen, epoch: 2, number: numberNow(7) }),
  "a body that is too short": (seen) => ({
    ...seen,
    number: numberNow(8),
    body: new Uint8Array(5),
  }),
  "no body": (seen) => ({ ...seen, number: numberNow(9), body: new Uint8Array() }),
  "bytes that are no frame": (seen) => ({
    ...seen,
    number: numberNow(10),
    body: crypto.getRandomValues(new Uint8Array(100)),
  }),
  "a frame of another registration": ({ slot, epoch }) => {
    const other = { ...held(), identity: "id-other" };
    const place = { slot, epoch, number: numberNow(11) };
    return sealing.make("down", other, place, forged());
  },
  "a frame of the other direction": ({ slot, epoch }) =>
    sealing.make("up", held(), { slot, epoch, number: numberNow(12) }, forged()),
};
const forged = () => ({ kind: "deliver", value: { messages: [mesh.message("forged")] } }) as const;

test.each(Object.keys(FORGERIES))(
  "S26 %s is dropped and reported, and the messages around it arrive",
  async (name) => {
    const device = await app();
    let seen: Sealed | undefined;
    const { plain } = mesh.socket;
    mesh.socket.plain = (frame) => {
      if (frame.kind === "sealed") seen ??= frame.value;
      plain.call(mesh.socket, frame);
    };
    mesh.socket.deliver(mesh.message("before"));
    await device.shows("before");
    if (seen === undefined) throw new Error("nothing was sealed");
    const value = FORGERIES[name]?.(seen) ?? seen;
    mesh.socket.plain({ kind: "sealed", value });
    await until(() => codes(device).length === 1, "the report");
    expect(codes(device)).toEqual(["sealed_invalid"]);
    // Once a link it sets up another key, and has everything sent again that was not acknowledged.
    await until(() => held().epoch === 2, "another key");
    await until(() => mesh.socket.frames.at(-1)?.kind === "attach", "the attach");
    await settle();
    mesh.socket.deliver(mesh.message("after"));
    await device.shows("before", "after");
    expect(device.texts()).toEqual(["before", "after"]);
    // And does nothing the second time.
    const { length } = mesh.socket.frames;
    mesh.socket.plain({ kind: "sealed", value });
    mesh.socket.deliver(mesh.message("last"));
    await device.shows("before", "after", "last");
    await until(() => mesh.socket.frames.length > length, "the acknowledgement");
    expect(mesh.socket.frames.slice(length).map(({ kind }) => kind)).toEqual(["acks"]);
    expect(held().epoch).toBe(2);
    await device.client.close();
  },
);

test("S26 dropped frames are reported once a minute, with their count", async () => {
  const device = await app();
  const { slot } = held();
  const forge = () => {
    const body = new Uint8Array(40);
    mesh.socket.plain({ kind: "sealed", value: { slot, epoch: 1, number: numberNow(), body } });
  };
  for (let i = 0; i < 20; i++) forge();
  await until(() => codes(device).length === 1, "the report");
  await mesh.clock.advance(30_000);
  forge();
  mesh.socket.push({ kind: "aliasLost", value: { slot, alias: "behind them" } });
  await until(() => device.lost.length === 1, "what is behind them");
  expect(codes(device)).toEqual(["sealed_invalid"]);
  await mesh.clock.advance(31_000);
  forge();
  await until(() => codes(device).length === 2, "the next report");
  expect(device.errors[1]?.message).toContain("Dropped 21 frames");
  await device.client.close();
});

test("S26 a withdrawal and a lost alias are not replayed after a restart either", async () => {
  const storage = memoryStorage();
  const first = await app(storage);
  const seen: Sealed[] = [];
  const { plain } = mesh.socket;
  mesh.socket.plain = (frame) => {
    if (frame.kind === "sealed") seen.push(frame.value);
    plain.call(mesh.socket, frame);
  };
  mesh.socket.push({ kind: "aliasLost", value: { slot: 0, alias: "user-7" } });
  await until(() => first.lost.length === 1, "the event");
  await first.client.close();
  const second = await app(storage);
  for (const value of seen) mesh.socket.plain({ kind: "sealed", value });
  await until(() => codes(second).length === 1, "the report");
  expect(second.lost).toEqual([]);
  await second.client.close();
});

test("S26 the push service has a command sealed for one session, with a number that rises", async () => {
  const device = await app();
  await device.client.setAlias("a");
  await device.client.setAlias("b");
  const numbers = mesh.socket.sealed.map(({ number }) => number);
  expect(numbers[1]).toBeGreaterThan(numbers[0] ?? 0);
  const [sealed] = mesh.socket.sealed;
  if (sealed === undefined) throw new Error("nothing was sealed");
  expect(() => sealing.open(held(), sealed, new Uint8Array(16).fill(2))).toThrow();
  expect(sealing.open(held(), sealed, new Uint8Array(16).fill(1)).kind).toBe("setAlias");
  await device.client.close();
});

test("S27 what is not sealed is dropped and reported, of a new registration from the first", async () => {
  const device = await app();
  const { slot } = held();
  const message = mesh.message("plain");
  mesh.socket.plain({ kind: "deliver", value: { messages: [message] } });
  mesh.socket.plain({ kind: "broadcasts", value: { broadcasts: [mesh.broadcast("plain")] } });
  mesh.socket.plain({ kind: "aliasLost", value: { slot, alias: "a" } });
  await until(() => codes(device).length === 1, "the report");
  mesh.socket.deliver(mesh.message("sealed"));
  await device.shows("sealed");
  mesh.socket.plain({ kind: "withdraw", value: { slot, key: message.key } });
  await settle();
  expect(device.texts()).toEqual(["sealed"]);
  expect(device.lost).toEqual([]);
  expect(codes(device)).toEqual(["sealed_invalid"]);
  expect(mesh.socket.acks).toHaveLength(1);
  await device.client.close();
});

test.each([
  ["no key", { epoch: undefined }],
  ["a key that the app does not know", { epoch: 9 }],
  ["another identity", { identity: "id-other" }],
])("S27 a registration with %s makes the app accept nothing plain", async (_, lie) => {
  const storage = memoryStorage();
  const first = await app(storage);
  await first.client.close();
  mesh.welcome = { registrations: [{ ...held(), ...lie } as never] };
  mesh.auto = true;
  const device = await start(mesh, { storage, sealed: true });
  const got: unknown[] = [];
  device.client.onMessage(({ data }) => {
    got.push(data);
  });
  await reaches(device, "connected");
  await settle();
  const messages = [mesh.message("plain")];
  mesh.socket.plain({ kind: "deliver", value: { messages } });
  await until(() => codes(device).includes("sealed_invalid"), "the report");
  expect(got).toEqual([]);
  await device.client.close();
});

test("S27 a setup of the push service's own gives it messages that the app does not accept", async () => {
  const device = await app();
  // As if the mesh had taken it: what it sends then is sealed with a key that the app does not have.
  const { slot, epoch = 0 } = held();
  const shared = { epoch, secret: new Uint8Array(32) };
  const place = { slot, epoch, number: numberNow() };
  const value = sealing.make("down", held(), place, forged(), shared);
  mesh.socket.plain({ kind: "sealed", value });
  await until(() => codes(device).length === 1, "the report");
  await settle();
  expect(device.texts()).toEqual([]);
  await device.client.close();
});

test("S27 a mesh of an older version, a runtime without X25519, and sealed: false go without, and say so where it is a surprise", async () => {
  mesh.sealing = undefined;
  const older = await app();
  mesh.socket.deliver(mesh.message("plain"));
  await older.shows("plain");
  expect(codes(older)).toEqual([]);
  await older.client.close();

  renew();
  const subtle = new Proxy(crypto.subtle, {
    get: (target, name) =>
      name === "generateKey"
        ? async (algorithm: { name?: string }, ...rest: [boolean, KeyUsage[]]) => {
            if (algorithm.name === "X25519") throw new DOMException("no", "NotSupportedError");
            return target.generateKey(algorithm as never, ...rest);
          }
        : (target[name as keyof SubtleCrypto] as (...all: unknown[]) => unknown).bind(target),
  });
  const getRandomValues = crypto.getRandomValues.bind(crypto);
  const host = { ...mesh.host, crypto: { subtle, getRandomValues } };
  const poor = await start(mesh, { host, sealed: true });
  await poor.client.register();
  expect(codes(poor)).toEqual(["sealing_unsupported"]);
  expect(held().epoch).toBeUndefined();
  await relink();
  expect(codes(poor)).toEqual(["sealing_unsupported"]);
  await poor.client.close();

  renew();
  const off = await start(mesh, { sealed: false });
  await off.client.register();
  expect(held().epoch).toBeUndefined();
  await off.client.close();
});

test("S27 a regId that the push service makes up is told to nobody", async () => {
  const { told } = sealing;
  let isLying = true;
  sealing.told = (registration) => {
    const { proof, ...rest } = told.call(sealing, registration);
    if (!isLying) return { ...rest, ...(proof && { proof }) };
    return { ...rest, regId: "reg-of-the-service", ...(proof && { proof }) };
  };
  const device = await start(mesh, { sealed: true });
  await expect(device.client.register()).rejects.toMatchObject({ code: "sealed_invalid" });
  expect(codes(device)).toEqual(["sealed_invalid"]);
  isLying = false;
  await relink();
  await expect(device.client.register()).resolves.toBe(held().regId);
  isLying = true;
  await relink();
  await settle();
  expect(device.client.regId).toBe(held().regId);
  expect(device.regIds).toEqual([held().regId]);
  // Nor one without a proof.
  mesh.welcome = { registrations: [{ ...held(), regId: "reg-other", proof: new Uint8Array(16) }] };
  await relink();
  await settle();
  expect(device.client.regId).toBe(held().regId);
  await device.client.close();
});

test("S6 S25 register with renew answers with the regId, although a sealed renewal names no registration", async () => {
  const { client } = await start(mesh, {
    sealed: true,
    grant: ({ reason }) => `grant of ${reason}`,
  });
  const regId = await client.register();
  expect(await client.register({ renew: true })).toBe(regId);
  await client.close();
});

test("S6 register with renew of an app without grants asks for none, and answers with the regId", async () => {
  const { client } = await start(mesh, { sealed: true });
  const regId = await client.register();
  expect(await client.register({ renew: true })).toBe(regId);
  await client.close();
});

test("S27 that the mesh's keys cannot be fetched is reported, once, and they are asked for again", async () => {
  let failures = 0;
  const { linkKeys } = sealing;
  sealing.linkKeys = async () => {
    if (++failures < 6) throw new Error("403");
    return linkKeys.call(sealing);
  };
  const { client, errors } = await start(mesh, { sealed: true });
  const registered = client.register();
  // In steps that no link is lost by.
  while (failures < 6) {
    await settle();
    await mesh.clock.advance(5_000);
  }
  await registered;
  expect(codes({ errors })).toEqual(["network_failed"]);
  expect(errors[0]?.message).toContain("/v1/link-keys");
  await client.close();
});
