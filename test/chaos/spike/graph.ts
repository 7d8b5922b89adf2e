/** Draws what a spike campaign measured, as SVG. */

/** What was measured in one second. */
export interface Second {
  readonly offered: number;
  readonly shown: number;
  /** Sent and not shown, at its end. */
  readonly queued: number;
  /** The longest time from send to display, of what was shown. */
  readonly highMs: number;
  readonly normalMs: number;
  /** Whether a broadcast was accepted; null if none was sent. */
  readonly broadcast: boolean | null;
}

const WIDTH = 760;
const PANEL = 130;
const GAP = 46;
const LEFT = 56;
const RIGHT = 16;
const TOP = 26;

interface Line {
  readonly name: string;
  readonly color: string;
  readonly values: readonly number[];
}

interface Panel {
  readonly title: string;
  readonly lines: readonly Line[];
}

export function graphOf(
  seconds: readonly Second[],
  spike: { readonly quota: number; readonly spikeFrom: number; readonly spikeSeconds: number },
): string {
  const of = (pick: (second: Second) => number) => seconds.map(pick);
  const panels: Panel[] = [
    {
      title: "messages a second",
      lines: [
        { name: "sent", color: "#c0392b", values: of(({ offered }) => offered) },
        { name: "shown", color: "#1f6fb2", values: of(({ shown }) => shown) },
        { name: "quota", color: "#888", values: of(() => spike.quota) },
      ],
    },
    {
      title: "queued",
      lines: [{ name: "messages", color: "#6c3fa0", values: of(({ queued }) => queued) }],
    },
    {
      title: "seconds from send to display, at most",
      lines: [
        { name: "normal", color: "#1f6fb2", values: of(({ normalMs }) => normalMs / 1_000) },
        { name: "high", color: "#d58000", values: of(({ highMs }) => highMs / 1_000) },
      ],
    },
  ];
  const height = TOP + panels.length * (PANEL + GAP);
  const x = (at: number) => LEFT + (at * (WIDTH - LEFT - RIGHT)) / Math.max(1, seconds.length - 1);
  const parts = panels.map((panel, n) => panelOf(panel, TOP + n * (PANEL + GAP), x));
  const from = x(spike.spikeFrom);
  const to = x(spike.spikeFrom + spike.spikeSeconds);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    "<title>A spike over the quota: messages a second, queued messages, and how long they took</title>",
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<rect x="${px(from)}" y="0" width="${px(to - from)}" height="${height - 20}" fill="#f4f1e8"/>`,
    ...parts,
    ...ticks(seconds.length, x, height),
    "</svg>",
    "",
  ].join("\n");
}

function panelOf({ title, lines }: Panel, top: number, x: (at: number) => number): string {
  const most = Math.max(1, ...lines.flatMap(({ values }) => values));
  const y = (value: number) => top + PANEL - (value * PANEL) / most;
  const drawn = lines.map(({ color, values }) => {
    const points = values.map((value, at) => `${px(x(at))},${px(y(value))}`).join(" ");
    return `<polyline fill="none" stroke="${color}" stroke-width="1.5" points="${points}"/>`;
  });
  let right = WIDTH - RIGHT;
  const names = lines.toReversed().map(({ name, color }) => {
    const text = `<text x="${right}" y="${top - 8}" fill="${color}" text-anchor="end">${name}</text>`;
    right -= 10 + 7 * name.length;
    return text;
  });
  return [
    `<text x="${LEFT}" y="${top - 8}">${title}</text>`,
    `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${top + PANEL}" y2="${top + PANEL}" stroke="#444"/>`,
    `<text x="${LEFT - 6}" y="${top + 10}" text-anchor="end">${Math.round(most)}</text>`,
    `<text x="${LEFT - 6}" y="${top + PANEL}" text-anchor="end">0</text>`,
    ...names,
    ...drawn,
  ].join("\n");
}

function ticks(count: number, x: (at: number) => number, height: number): string[] {
  const every = 15;
  return Array.from({ length: Math.ceil(count / every) }, (_, n) => {
    const at = n * every;
    return `<text x="${px(x(at))}" y="${height - 6}" text-anchor="middle">${at} s</text>`;
  });
}

const px = (value: number): string => value.toFixed(1);
