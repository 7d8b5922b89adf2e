/** The objects of hosts/deno without its server: in Node, on a database file of their own. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished, vi } from "vitest";
import { sealAppId } from "../../../../core/identity/app-id.ts";
import { keyringOf } from "../../../../core/identity/keyring.ts";
import type { SendRequest } from "../../../../core/message/send.ts";
import { OPEN_POLICY } from "../../../../core/trust/policy.ts";
import { LinkSocket, type LinkTransport } from "../../../../hosts/deno/objects/link-socket.ts";
import { Mesh, type MeshOptions } from "../../../../hosts/deno/objects/mesh.ts";
import { pollSockets } from "../../../../hosts/deno/sockets.ts";
import { Database } from "../../../../hosts/deno/store/database.ts";
import { sends } from "../../../../objects/capacity/sends.ts";
import type { DeviceShell } from "../../../../objects/device/device-shell.ts";
import { MeshError } from "../../../../schema/errors.ts";
import type { Hello } from "../../../../schema/generated/link.ts";
import { hello } from "../../../core/device/support/frames.ts";
import { DeviceEnd } from "../../../objects/support/device-end.ts";

const utf8 = new TextEncoder();
const randomText = (bytes: number): string => randomBytes(bytes).toString("base64url");

const keyring = keyringOf(`1:${Buffer.alloc(32, 7).toString("base64url")}`);
if (typeof keyring === "string") throw new Error(keyring);
export const testKeyring = keyring;

/** A path for a database, in a folder that goes with its test. */
export function databasePath(): string {
  const folder = mkdtempSync(join(tmpdir(), "pushmesh-deno-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "mesh.db");
}

/** A database that is closed with its test. */
export function openDatabase(path = databasePath()): Database {
  const db = new Database(path);
  onTestFinished(() => db.close());
  return db;
}

export interface OpenMesh {
  readonly mesh: Mesh;
  readonly db: Database;
  /** What the mesh reported. */
  readonly reported: unknown[];
}

/** A mesh that is closed with its test. */
export function openMesh(
  path = databasePath(),
  options: Partial<Pick<MeshOptions, "keyring" | "nodeMembers" | "webhookPost">> = {},
): OpenMesh {
  const reported: unknown[] = [];
  // Of the whole process: for the sends of another test nobody has to make room in this one.
  sends.began(Number.NEGATIVE_INFINITY);
  const db = new Database(path);
  const report = (error: unknown): void => {
    reported.push(error);
  };
  const mesh = new Mesh({ db, keyring: testKeyring, report, ...options });
  onTestFinished(() => mesh.close());
  return { mesh, db, reported };
}

/** An app that the mesh issued: its bytes as a regId carries them, and its public ID. */
export function newApp(): { app: string; appId: string } {
  const bytes = Uint8Array.from(randomBytes(8));
  return { app: Buffer.from(bytes).toString("base64url"), appId: sealAppId(testKeyring, bytes) };
}

/** One that was also made, and that any device may use. */
export async function openedApp(mesh: Mesh, one = newApp()): Promise<typeof one> {
  await mesh.peers.app(one.appId).create("test", OPEN_POLICY);
  return one;
}

/** A turn of the event loop in which sockets are looked at, as objects that work for long take one. */
export async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await pollSockets();
}

/** Until all that is written is on disk, and so is what those write who waited for it. */
export async function stored({ db }: Pick<Mesh, "db">): Promise<void> {
  do {
    // Who wrote is told by its own wait that it is not stored.
    await db.committed().catch(() => {});
    await turn();
  } while (db.isPending(db.batch));
}

/** Turns without a write after which nothing more follows by itself. */
const STILL_TURNS = 3;

/** Until all that objects do by themselves is done: a registration joins the tag of all devices behind its answer. */
export async function quiet(mesh: Pick<Mesh, "db" | "workSlices">): Promise<void> {
  for (let still = 0; still < STILL_TURNS; still++) {
    const { batch } = mesh.db;
    await stored(mesh);
    if (mesh.db.batch !== batch || mesh.workSlices.isBusy) still = -1;
  }
}

/**
 * Lets faked time pass (see `fakeTime`) by one timer after another: what one of them writes is on disk before the next, for no commit
 * takes longer than the seconds between them.
 */
export async function passTime(mesh: Pick<Mesh, "db">, ms: number): Promise<void> {
  await stored(mesh);
  let isOver = false;
  setTimeout(() => {
    isOver = true;
  }, ms);
  while (!isOver) {
    vi.advanceTimersToNextTimer();
    await stored(mesh);
  }
  // What is due in the same millisecond.
  await vi.advanceTimersByTimeAsync(0);
  await stored(mesh);
}

/** The mesh's side of a socket whose other side is a test. */
class TestSocket implements LinkTransport {
  readonly port = new LinkSocket(this);
  bufferedAmount = 0;
  readonly device: DeviceEnd;
  #open = true;

  constructor(host: DeviceShell) {
    this.device = new DeviceEnd(
      (frame) =>
        void host.receive(this.port, typeof frame === "string" ? frame : frame.slice().buffer),
    );
  }

  /** @throws DOMException where it is closed, as a WebSocket of Deno does. */
  send(data: string | Uint8Array<ArrayBuffer>): void {
    if (!this.#open) throw new DOMException("readyState not OPEN", "InvalidStateError");
    this.device.arrive(data);
  }

  close(code: number, reason: string): void {
    this.#open = false;
    this.device.end({ code, reason });
  }

  /** The connection breaks; the mesh learns of it. */
  lose(host: DeviceShell): void {
    this.#open = false;
    void host.lose(this.port);
  }
}

/** A link as the device has it. */
export interface TestLink {
  readonly device: DeviceEnd;
  /** Breaks the connection: the mesh learns of it. */
  lose(): void;
}

/** A device with its account made. */
export class TestDevice {
  readonly host: DeviceShell;
  readonly #mesh: Mesh;
  readonly #publicKey: string;

  private constructor(mesh: Mesh, name: string, publicKey: string) {
    this.#mesh = mesh;
    this.host = mesh.device(name);
    this.#publicKey = publicKey;
  }

  static async create(mesh: Mesh, name = randomText(16)): Promise<TestDevice> {
    const device = new TestDevice(mesh, name, randomText(32));
    await device.host.openAccount({ publicKey: device.#publicKey, handoverFrom: null });
    return device;
  }

  /** The same device, at another mesh on the same data. */
  movedTo(mesh: Mesh): TestDevice {
    return new TestDevice(mesh, this.host.name, this.#publicKey);
  }

  /** Opens a link and says nothing on it. @param generation of its credential */
  dial(generation = 1): TestLink {
    const claims = {
      generation,
      publicKey: this.#publicKey,
      tokenId: randomText(12),
      tokenExpires: Math.floor(Date.now() / 1_000) + 60,
    };
    const socket = new TestSocket(this.host);
    const opened = this.host.connect(claims, () => socket.port);
    if (!opened.ok) throw new MeshError(opened.code, opened.detail);
    return { device: socket.device, lose: () => socket.lose(this.host) };
  }

  /** Opens a link, and waits for its welcome. */
  async connect(greeting: Partial<Hello> = {}, generation?: number): Promise<TestLink> {
    const link = this.dial(generation);
    link.device.send(hello(greeting));
    await link.device.expect("welcome");
    return link;
  }

  /** Opens a link with an app registered in slot 1 and attached, its own if none is given. */
  async online(one = newApp()): Promise<{ link: TestLink; app: string }> {
    const { app, appId } = await openedApp(this.#mesh, one);
    const link = await this.connect();
    link.device.command({ kind: "register", value: { request: 1, appId } });
    await link.device.expect("registered");
    link.device.command({ kind: "attach", value: { slot: 1 } });
    await link.device.synced();
    await quiet(this.#mesh);
    return { link, app };
  }

  send(app: string, fields: Partial<SendRequest> = {}) {
    return this.host.send({
      app,
      generation: 1,
      key: Uint8Array.from(randomBytes(9)),
      lane: 2,
      contentType: 2,
      data: utf8.encode("hello"),
      ttlSeconds: 3_600,
      collapseKey: null,
      onOverflow: "drop_oldest",
      waitMs: 5_000,
      ...fields,
    });
  }
}
