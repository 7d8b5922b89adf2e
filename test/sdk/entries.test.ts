/** The entries of the package as their users have them: bundled apart, each with its own copy of what they share. */
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, it, vi } from "vitest";

const ENTRIES = {
  device: "sdk/device/mod.ts",
  live: "sdk/device/live/mod.ts",
  server: "sdk/server/mod.ts",
} as const;

async function bundled(source: string): Promise<Record<string, never>> {
  const { outputFiles } = await build({
    absWorkingDir: fileURLToPath(new URL("../..", import.meta.url)),
    entryPoints: [source],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2024",
    write: false,
  });
  return import(`data:text/javascript,${encodeURIComponent(outputFiles[0]?.text ?? "")}`);
}

interface ErrorClass {
  new (data: object): Error;
}
const [device, live, server] = (await Promise.all(
  Object.values(ENTRIES).map(bundled),
)) as unknown as [
  { PushError: ErrorClass },
  { PushError: ErrorClass; listenLive(options: object): void },
  {
    PushError: ErrorClass;
    PushServerError: ErrorClass;
    RefusedError: ErrorClass;
    PushServer: new (options: object) => unknown;
    MeshAdmin: new (options: object) => unknown;
  },
];

it("an error of one entry is a PushError of every other, and no other error is", () => {
  expect(device.PushError).not.toBe(server.PushError);
  const data = { code: "timeout", message: "x", retry: "later" };
  const errors = [
    new device.PushError(data),
    new live.PushError(data),
    new server.PushServerError(data),
    new server.RefusedError(data),
  ];
  for (const { PushError } of [device, live, server]) {
    expect(errors.map((error) => error instanceof PushError)).toEqual(errors.map(() => true));
    expect(new Error("x") instanceof PushError).toBe(false);
    expect((null as unknown) instanceof PushError).toBe(false);
  }
  expect(errors.map((error) => error instanceof server.PushServerError)).toEqual([
    false,
    false,
    true,
    true,
  ]);
  expect(errors.map((error) => error instanceof server.RefusedError)).toEqual([
    false,
    false,
    false,
    true,
  ]);
});

it.each([
  ["https://push.example.com/prefix"],
  ["https://push.example.com/?a=1"],
  ["https://push.example.com/#a"],
  ["ftp://push.example.com"],
  ["https://user:password@push.example.com"],
  ["push.example.com"],
  [undefined],
])("every entry refuses the url %s, by the name of the option", async (url) => {
  const options = { url, appId: "a", tag: "t", keyId: "a.k1", key: "", token: "x", onMessage() {} };
  const expected = expect.objectContaining({
    code: "option_invalid",
    message: expect.stringMatching(/^url: (?!.*password@)/),
  });
  for (const make of [
    () => live.listenLive(options),
    () => new server.PushServer(options),
    () => new server.MeshAdmin(options),
  ]) {
    expect(make).toThrow(expected);
  }
  const { connect, memoryStorage } = device as never as {
    connect(options: object): Promise<unknown>;
    memoryStorage(): object;
  };
  await expect(connect({ ...options, storage: memoryStorage() })).rejects.toEqual(expected);
});

/** The rest of the device entry. */
const { connect, startService, openClient, memoryStorage, defaultHost } = device as never as Record<
  "connect" | "startService" | "openClient" | "memoryStorage" | "defaultHost",
  (options?: object) => Promise<unknown>
>;

it.each<[string, RegExp, (make: typeof server) => unknown]>([
  ["PushServer without options", /^url: /, ({ PushServer }) => new PushServer(undefined as never)],
  ["MeshAdmin without options", /^url: /, ({ MeshAdmin }) => new MeshAdmin(undefined as never)],
  ["PushServer without a key", /^key: must be given$/, () => newServer({ key: undefined })],
  ["PushServer without a key ID", /^keyId: must be given$/, () => newServer({ keyId: undefined })],
  ["MeshAdmin without a token", /^token: must be given$/, () => newAdmin({ token: undefined })],
  ["listenLive without options", /^url: /, () => live.listenLive(undefined as never)],
  ["listenLive without onMessage", /^onMessage: /, () => live.listenLive(LISTEN)],
  ["connect without options", /^url: /, () => connect()],
  ["startService without options", /^url: /, () => startService()],
  ["openClient without options", /^appId: /, () => openClient()],
  ["openClient without a host", /^host: must be given$/, () => openClient(client("host"))],
  ["openClient without a port", /^port: must be given$/, () => openClient(client("port"))],
  ["openClient without a storage", /^storage: must be given$/, () => openClient(client("storage"))],
])("%s is refused at once, by the name of what is missing", async (_, message, make) => {
  await expect((async () => make(server))()).rejects.toEqual(
    expect.objectContaining({ code: "option_invalid", message: expect.stringMatching(message) }),
  );
});

const MESH = { url: "https://push.example.com", keyId: "a.k1", key: "x", token: "x" };
const LISTEN = { url: MESH.url, appId: "a", tag: "t" };
const newServer = (options: object) => new server.PushServer({ ...MESH, ...options });
const newAdmin = (options: object) => new server.MeshAdmin({ ...MESH, ...options });
const client = (without: string) => ({
  appId: "a",
  port: {},
  storage: memoryStorage(),
  host: defaultHost(),
  [without]: undefined,
});

it("the server entry names the global that its runtime lacks", () => {
  const options = { url: "https://push.example.com", keyId: "a.k1", key: "", token: "x" };
  for (const [name, makes] of [
    ["fetch", [() => new server.PushServer(options), () => new server.MeshAdmin(options)]],
    ["crypto", [() => new server.PushServer(options)]],
  ] as const) {
    vi.stubGlobal(name, undefined);
    for (const make of makes) {
      expect(make).toThrow(
        expect.objectContaining({
          code: "runtime_unsupported",
          message: expect.stringContaining(name),
        }),
      );
    }
    vi.unstubAllGlobals();
  }
});
