/** The output of `npm start`: text, or with --json one object per line. */
import { relative } from "node:path";
import type { HostName } from "./host.ts";

interface Ready {
  readonly host: HostName;
  /** Origin of the mesh, from this machine. */
  readonly url: string;
  /** Scheme, address and port that it listens on. */
  readonly listens: string;
  /** The data folder, absolute. */
  readonly data: string;
  readonly maxLinks: number;
  /** Whether the demo app was created now. */
  readonly demoMade: boolean;
  /** The appId of the demo app; null if there is none. */
  readonly demoApp: string | null;
  /** Whether it serves its documentation. */
  readonly hasDocs: boolean;
  /** Whether only this machine can reach it. */
  readonly isLocal: boolean;
  /** Time since the process started. */
  readonly tookMs: number;
}

export interface Report {
  /** The mesh answers. */
  readonly ready: (facts: Ready) => void;
  readonly stopping: () => void;
  readonly stopped: () => void;
  /** Reports a problem that is being handled, as text on stderr in either form. */
  readonly problem: (line: string) => void;
}

/** The data folder that commands use by default. */
const DEFAULT_DATA = ".pushmesh";

/** Quotes a path for a shell if necessary. */
const shellWord = (path: string): string =>
  /^[\w./:@%+=-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;

const problem = (line: string): void => {
  process.stderr.write(`pushmesh: ${line}\n`);
};

const firstPush = (where: string): string[] => [
  "Try, in other terminals:",
  `  npx pushmesh listen${where}`,
  `  npx pushmesh send${where} --to <regId> --data '{"hello":"world"}'`,
  `  npx pushmesh broadcast${where} --everyone --data '{"hello":"all"}'`,
];

const firstApp = (where: string): string[] => [
  "Other machines can reach this mesh, so it has no demo app. Make an app and a key for its server:",
  `  npx pushmesh app create${where} <name>`,
  `  npx pushmesh key create${where} --app <appId>`,
];

const openDemoLines = (where: string, appId: string): string[] => [
  "",
  "Other machines can reach this mesh, and its demo app is open to anyone who knows the appId. Delete it:",
  `  npx pushmesh app delete${where} ${appId} --yes`,
];

const asText: Report = {
  ready(facts) {
    const { host, url, listens, data: folder, maxLinks, demoMade, demoApp, tookMs } = facts;
    const { hasDocs, isLocal } = facts;
    const data = relative(process.cwd(), folder) || ".";
    const where = data === DEFAULT_DATA ? "" : ` --data-dir ${shellWord(folder)}`;
    const seconds = (tookMs / 1_000).toFixed(1);
    const lines = [
      `pushmesh listens on ${listens} (${host}; ready in ${seconds} s; data in ${data}; up to ${maxLinks} devices connected)`,
      ...(demoMade ? [`made the app "demo" and its key (${data}/demo.json)`] : []),
      "",
      ...(demoApp === null ? firstApp(where) : firstPush(where)),
      ...(isLocal || demoApp === null ? [] : openDemoLines(where, demoApp)),
      "",
      `Health: ${url}/healthz${hasDocs ? `   Docs: ${url}/docs/` : ""}   Stop: Ctrl-C`,
    ];
    process.stdout.write(`${lines.join("\n")}\n`);
  },
  stopping: () => process.stdout.write("pushmesh is stopping: devices are told to reconnect\n"),
  stopped: () => process.stdout.write("pushmesh has stopped\n"),
  problem,
};

const line = (value: object): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};

const asJson: Report = {
  ready: (facts) => line({ event: "ready", ...facts }),
  stopping: () => line({ event: "stopping" }),
  stopped: () => line({ event: "stopped" }),
  problem,
};

export function reporter(json: boolean): Report {
  return json ? asJson : asText;
}
