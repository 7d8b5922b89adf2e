/** What `npm start` says: lines for a person, or with --json one object a line. */
import { relative } from "node:path";
import type { HostName } from "./host.ts";

export interface Ready {
  /** What runs it. */
  readonly host: HostName;
  /** Origin to reach the mesh by from this machine. */
  readonly url: string;
  /** Scheme, address and port as it listens. */
  readonly listens: string;
  /** The data folder, absolute. */
  readonly data: string;
  readonly maxLinks: number;
  /** The demo app was made just now. */
  readonly demoMade: boolean;
  /** From the start of this process. */
  readonly tookMs: number;
}

export interface Report {
  /** The mesh answers. */
  readonly ready: (facts: Ready) => void;
  readonly stopping: () => void;
  readonly stopped: () => void;
  /** Something went wrong and is being handled; to stderr in either form. */
  readonly problem: (line: string) => void;
}

/** The folder that commands look in by themselves, from the working directory. */
const DEFAULT_DATA = ".pushmesh";

/** A path as a shell takes it for one word. */
const shellWord = (path: string): string =>
  /^[\w./:@%+=-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;

const problem = (line: string): void => {
  process.stderr.write(`pushmesh: ${line}\n`);
};

const asText: Report = {
  ready({ host, url, listens, data: folder, maxLinks, demoMade, tookMs }) {
    const data = relative(process.cwd(), folder) || ".";
    const where = data === DEFAULT_DATA ? "" : ` --data-dir ${shellWord(folder)}`;
    const seconds = (tookMs / 1_000).toFixed(1);
    const lines = [
      `pushmesh listens on ${listens} (${host}; ready in ${seconds} s; data in ${data}; up to ${maxLinks} devices connected)`,
      ...(demoMade ? [`made the app "demo" and its key (${data}/demo.json)`] : []),
      "",
      "Try, in other terminals:",
      `  npx pushmesh listen${where}`,
      `  npx pushmesh send${where} --to <regId> --data '{"hello":"world"}'`,
      `  npx pushmesh broadcast${where} --everyone --data '{"hello":"all"}'`,
      "",
      `Health: ${url}/healthz   Stop: Ctrl-C`,
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
