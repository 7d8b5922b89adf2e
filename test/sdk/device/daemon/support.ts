/** A socket whose service is the test, and the port of an app that is attached to it. */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished, vi } from "vitest";
import { AttachedPort } from "../../../../sdk/device/daemon/attached-port.ts";
import { type ServedSocket, serveSocket } from "../../../../sdk/device/daemon/server.ts";
import type { ServicePort, ToClient, ToService } from "../../../../sdk/device/mod.ts";

export const URL_ = "https://push.test";
const GONE = { code: "service_unavailable", message: "stopped", retry: "later" } as const;

/** A path in a folder that only this user can open. */
export function socketPath(): string {
  const folder = mkdtempSync(join(tmpdir(), "pushmesh-test-"));
  chmodSync(folder, 0o700);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "s.sock");
}

/** One app at a service that is the test. */
export interface Served {
  readonly heard: ToService[];
  readonly port: ServicePort;
  say(...messages: ToClient[]): void;
}

export interface ScriptedService {
  /** The connections, in the order of their arrival. */
  readonly served: Served[];
  readonly socket: ServedSocket;
  stop(): Promise<void>;
}

/** @param reply answers a message at once */
export async function scriptedService(
  path: string,
  reply: (message: ToService, served: Served) => void = () => {},
): Promise<ScriptedService> {
  const served: Served[] = [];
  const serve = (port: ServicePort): void => {
    const heard: ToService[] = [];
    const one: Served = {
      heard,
      port,
      say: (...messages) => {
        for (const message of messages) port.postMessage(message);
      },
    };
    served.push(one);
    port.onmessage = ({ data }) => {
      heard.push(data);
      reply(data, one);
    };
  };
  const socket = await serveSocket({ serve }, { path, endpoints: [URL_], onClosed: () => {} });
  const stop = () => socket.close(GONE);
  onTestFinished(stop);
  return { served, socket, stop };
}

export const STATE = { kind: "state", state: "connected", clockOffsetMs: 5 } as const;

/** Welcomes whoever opens. */
export const welcome = (message: ToService, { say }: Served): void => {
  if (message.kind === "open") say(STATE);
};

/** An app's port, and what it is told. */
export async function attached(path: string, timing: { random?: () => number } = {}) {
  const host = {
    after: (ms: number, act: () => void) => {
      const timer = setTimeout(act, ms);
      return () => clearTimeout(timer);
    },
    random: timing.random ?? (() => 0.9),
    report: (error: unknown) => {
      throw error;
    },
  };
  const port = await AttachedPort.open({ path, host, check: () => {} });
  onTestFinished(() => port.close());
  const told: ToClient[] = [];
  port.onmessage = ({ data }) => {
    told.push(data);
  };
  const states = () => told.flatMap((one) => (one.kind === "state" ? [one.state] : []));
  return { port, told, states };
}

export const OPEN = {
  kind: "open",
  appId: "A".repeat(22),
  secret: "s",
  lastSeq: 10,
  cursors: [{ slot: 3, tagRef: 1, position: 7 }],
} as const;

export const soon = (holds: () => boolean): Promise<boolean> =>
  vi.waitUntil(holds, { timeout: 20_000, interval: 5 });
