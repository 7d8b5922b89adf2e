/** What strangers take of a small machine: workerd opens a database for every object that is asked anything. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Keyring, keyringOf } from "../../../core/identity/keyring.ts";
import { PushServer } from "../../../sdk/server/mod.ts";
import { demoOf, readJson, serve, startMesh } from "../support/mesh.ts";
import { temporaryFolder } from "../support/process.ts";
import { hello, offer, push, RawAccount, RawDevice } from "../support/raw-device.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { signedPost } from "../support/signed-post.ts";

/** More than three times as many objects as there are descriptors for. */
const STRANGERS = 400;
const PARALLEL = 8;
/** Registered devices whose objects, all awake, take them all. */
const CROWD = 150;

/** Starts a mesh with so few descriptors that hundreds take them all. */
async function startSmall(data: string, args: readonly string[] = []) {
  const limited = ["/bin/sh", "-c", 'ulimit -n 300; exec "$@"', "sh"];
  const mesh = serve(["--json", "--port", "0", "--data-dir", data, ...args], limited);
  const { url } = JSON.parse(await mesh.stdout.match(/"ready"/));
  return { mesh, url };
}

/** The keys of a mesh, by which accounts are made as it made them earlier. */
function keyringIn(data: string): Keyring {
  const { meshKeys } = readJson(join(data, "secrets.json")) as { meshKeys: string };
  const keyring = keyringOf(meshKeys);
  if (typeof keyring === "string") throw new Error(keyring);
  return keyring;
}

/** Opens a link from an address. @returns the status, or what it was closed with, and the socket */
async function openLink(url: string, account: RawAccount, from: string) {
  const socket = await RawSocket.open(url, offer(account.token()), { "x-forwarded-for": from });
  if (socket.status !== 101) return { outcome: `${socket.status}`, socket };
  socket.binary(hello());
  const first = await socket.next();
  return { outcome: first.kind === "close" ? `closed with ${first.code}` : "welcome", socket };
}

/** Tags that one device joins, each another object: twice as many as there are descriptors for. */
const TAGS = 200;
const TAGS_A_FRAME = 100;
/** Sends meanwhile: half of them are enough for the descriptors to be gone. */
const ROUNDS = 300;

const ATTACKER = "198.51.100.1";
const newcomer = (n: number): string => `203.0.113.${n}`;
const NEWCOMERS = 3;

test("P8.5 links of accounts that were made earlier are bounded, and devices and newcomers of other networks go on", async () => {
  const data = temporaryFolder();
  const { mesh, url } = await startSmall(data, ["--trust-proxy", "127.0.0.0/8"]);
  const keyring = keyringIn(data);
  const app = demoOf(data);
  const device = await RawDevice.greet(url);
  const { regId: to } = await device.register(app.appId);
  device.socket.destroy();

  const outcomes = new Map<string, number>();
  let left = STRANGERS;
  const flood = async () => {
    for (; left > 0; left--) {
      const { outcome, socket } = await openLink(url, new RawAccount().seal(keyring), ATTACKER);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      socket.destroy();
    }
  };
  let isOver = false;
  const floods = Promise.all(Array.from({ length: PARALLEL }, flood)).finally(() => {
    isOver = true;
  });
  let rounds = 0;
  do {
    const link = await openLink(url, device.account, ATTACKER);
    expect(link.outcome).toBe("welcome");
    link.socket.destroy();
    const body = Buffer.from(JSON.stringify({ to, data: `${rounds}` }));
    const more = { prefer: "respond-async" };
    expect(await signedPost(url, app, body, { more })).toMatchObject({ status: 202 });
    if (rounds < NEWCOMERS) {
      const other = await openLink(url, new RawAccount().seal(keyring), newcomer(rounds));
      expect(other.outcome).toBe("welcome");
    }
    rounds++;
  } while (!isOver || rounds < NEWCOMERS);
  await floods;
  expect([...outcomes.keys()].sort()).toEqual(["503", "welcome"]);
  expect(mesh.stderr.all).toEqual([]);
});

test("P8.5 where four networks take all that strangers may have, a fifth comes in", async () => {
  const data = temporaryFolder();
  const { url } = await startSmall(data, ["--trust-proxy", "127.0.0.0/8"]);
  const keyring = keyringIn(data);
  for (let n = 0; n < 40; n++)
    await openLink(url, new RawAccount().seal(keyring), `198.51.100.${n % 4}`);
  const { outcome } = await openLink(url, new RawAccount().seal(keyring), newcomer(1));
  expect(outcome).toBe("welcome");
});

test("P8.5 devices with a registration whose links end at once keep their places, and others go on", async () => {
  const data = temporaryFolder();
  const before = await startMesh(data);
  const app = demoOf(data);
  const registered = async () => {
    const device = await RawDevice.greet(before.url);
    const { regId } = await device.register(app.appId);
    device.socket.destroy();
    return { account: device.account, regId };
  };
  const crowd: RawAccount[] = [];
  while (crowd.length < CROWD) crowd.push((await registered()).account);
  const { account, regId: to } = await registered();
  before.process.kill("SIGTERM");
  await before.process.exited;

  const { mesh, url } = await startSmall(data, ["--trust-proxy", "127.0.0.0/8"]);
  const outcomes = new Set<string>();
  const flood = async () => {
    for (let next = crowd.pop(); next !== undefined; next = crowd.pop()) {
      const { outcome, socket } = await openLink(url, next, ATTACKER);
      outcomes.add(outcome);
      socket.destroy();
    }
  };
  let isOver = false;
  const floods = Promise.all(Array.from({ length: PARALLEL }, flood)).finally(() => {
    isOver = true;
  });
  do {
    const link = await openLink(url, account, newcomer(1));
    expect(link.outcome).toBe("welcome");
    link.socket.destroy();
    const body = Buffer.from(JSON.stringify({ to, data: "x" }));
    const more = { prefer: "respond-async" };
    expect(await signedPost(url, app, body, { more })).toMatchObject({ status: 202 });
  } while (!isOver);
  await floods;
  expect([...outcomes].sort()).toEqual(["503", "welcome"]);
  expect(mesh.stderr.all).toEqual([]);
});

test("P8.5 whoever is let make an account is let connect it, and counts no more once it has registered", async () => {
  const data = temporaryFolder();
  const { url } = await startSmall(data);
  const { appId } = demoOf(data);
  // All that the address has of them.
  for (let made = 0; made < 7; made++) {
    const device = await RawDevice.greet(url);
    await device.register(appId);
    device.socket.destroy();
  }
});

test("P8.5 P8.10 accounts without end are refused as documented, and devices and their senders go on", async () => {
  const data = temporaryFolder();
  const { url } = await startSmall(data);
  const demo = demoOf(data);
  const push = new PushServer({ url, keyId: demo.keyId, key: demo.secret, attempts: 1 });
  const device = await RawDevice.greet(url);
  const { regId } = await device.register(demo.appId);

  const answers = new Map<number, number>();
  const flood = async () => {
    for (let n = 0; n < STRANGERS / PARALLEL; n++) {
      const status = await new RawAccount().open(url).then(
        () => 201,
        (error: Error) => Number(/no account: (\d+)/.exec(error.message)?.[1] ?? 0),
      );
      answers.set(status, (answers.get(status) ?? 0) + 1);
    }
  };
  let isOver = false;
  const floods = Promise.all(Array.from({ length: PARALLEL }, flood)).finally(() => {
    isOver = true;
  });
  let sent = 0;
  do {
    const answer = await push.send({ to: regId, data: `${sent}` }, { respondAsync: true });
    expect(answer).toMatchObject({ status: "queued" });
    await (await RawDevice.greet(url, device.account)).socket.destroy();
    sent++;
  } while (!isOver);
  await floods;
  expect([...answers.keys()].sort()).toEqual([201, 503]);
  expect(sent).toBeGreaterThan(0);
});

test("P8.5 where a device joins hundreds of new tags at once, sends and links of others go on", async () => {
  const data = temporaryFolder();
  const { mesh, url } = await startSmall(data);
  const app = demoOf(data);
  const device = await RawDevice.greet(url);
  const { regId: to } = await device.register(app.appId);
  device.socket.destroy();
  const joiner = await RawDevice.greet(url);
  const { slot } = await joiner.register(app.appId);
  for (let n = 0; n < TAGS; n += TAGS_A_FRAME) {
    const add = Array.from({ length: TAGS_A_FRAME }, (_, k) => `made-up-${n + k}`);
    joiner.socket.binary(push({ kind: "subscribe", value: { request: n, slot, add, remove: [] } }));
  }
  for (let round = 0; round < ROUNDS; round++) {
    if (round % 50 === 0) {
      const link = await openLink(url, device.account, newcomer(1));
      expect(link.outcome).toBe("welcome");
      link.socket.destroy();
    }
    const body = Buffer.from(JSON.stringify({ to, data: "x" }));
    const more = { prefer: "respond-async" };
    expect(await signedPost(url, app, body, { more })).toMatchObject({ status: 202 });
  }
  // Its link stands. What it asked for waits for room, or is refused by now.
  joiner.socket.text("ping");
  let heard = await joiner.socket.next();
  while (heard.kind === "binary") heard = await joiner.socket.next();
  expect(heard).toMatchObject({ kind: "text", text: "pong" });
  expect(mesh.stderr.all).toEqual([]);
});

/** More than may be awake at 300 descriptors: the last of them come 13 s later. */
const NEW_TAGS = 12;

test("P8.5 P4.4 a device that joins many new tags at once is answered in time, and the same command goes on from there", async () => {
  const data = temporaryFolder();
  const { mesh, url } = await startSmall(data);
  const device = await RawDevice.greet(url);
  const { slot } = await device.register(demoOf(data).appId);
  const add = Array.from({ length: NEW_TAGS }, (_, n) => `new-${n}`);
  const answers: string[] = [];
  do {
    const request = answers.length + 10;
    device.socket.binary(push({ kind: "subscribe", value: { request, slot, add, remove: [] } }));
    const answer = await device.next();
    if (answer.kind === "refusal") expect(answer.value.retryAfterMs).toBeGreaterThan(0);
    answers.push(answer.kind === "refusal" ? answer.value.name : answer.kind);
  } while (answers.at(-1) === "overloaded");
  expect([...new Set(answers)]).toEqual(["overloaded", "done"]);
  expect(mesh.stderr.all).toEqual([]);
});
