/** A campaign's verdict as text. */
import { ERRORS } from "../../../schema/errors.ts";
import type { Outcomes } from "./attacker.ts";
import type { CampaignVerdict, Phase } from "./campaign.ts";
import { percentile } from "./footprint.ts";

const CLOSES: ReadonlySet<number> = new Set(
  Object.values(ERRORS).flatMap(({ close }) => (close === null ? [] : [close])),
);
/** Of the WebSocket protocol: going away, a protocol error, no code, too large, and what a full mesh closes with. */
const PROTOCOL_CLOSES: ReadonlySet<number> = new Set([
  1000, 1001, 1002, 1005, 1007, 1009, 1012, 1013,
]);
/** Answers to bytes that are no request of ours, which the front gives. */
const BARE: ReadonlySet<number> = new Set([400, 405, 408, 413, 431, 501, 505]);

/** Whether the documents name this outcome of an attempt. A failure of the mesh (`internal`, 500) is none of them. */
export function isDocumented(outcome: string): boolean {
  const [kind = "", value = ""] = outcome.split(" ");
  if (kind === "closed") return CLOSES.has(Number(value)) || PROTOCOL_CLOSES.has(Number(value));
  if (kind === "refused") return value === "" || (value in ERRORS && value !== "internal");
  const status = Number(kind);
  if (Number.isNaN(status)) return true;
  if (value === "") return (status >= 200 && status < 300) || BARE.has(status);
  return ERRORS[value as keyof typeof ERRORS]?.status === status && value !== "internal";
}

/** What no document names, with the attack that brought it about. */
export const undocumented = (outcomes: Outcomes): string[] =>
  Object.entries(outcomes).flatMap(([attack, counts]) =>
    Object.keys(counts)
      .filter((outcome) => !isDocumented(outcome))
      .map((outcome) => `${attack}: ${outcome}`),
  );

export function reportOf(verdict: CampaignVerdict): string {
  const { sends, lost, outcomes, seconds, footprint, settledMs, stored, load } = verdict;
  const lines = [
    "",
    "| sends to devices | count | p50 ms | p99 ms | max ms | control p50 | control p99 | answers |",
    "|---|---|---|---|---|---|---|---|",
  ];
  for (const [phase, { tookMs, statuses, controlMs }] of Object.entries(sends) as [
    string,
    Phase,
  ][]) {
    const [p50, p99, most] = [0.5, 0.99, 1].map((share) => percentile(tookMs, share).toFixed(1));
    const control = (share: number) => percentile(controlMs, share).toFixed(1);
    lines.push(
      `| ${phase} | ${tookMs.length} | ${p50} | ${p99} | ${most} | ${control(0.5)} | ${control(0.99)} | ${JSON.stringify(statuses)} |`,
    );
  }
  const times = (of: "tookMs" | "controlMs") =>
    (percentile(sends.during[of], 0.99) / percentile(sends.before[of], 0.99)).toFixed(2);
  lines.push(
    `p99 during / before: ${times("tookMs")}, of the control ${times("controlMs")}; load of the machine ${load.before.toFixed(1)} before, ${load.during.toFixed(1)} during`,
    `links lost: ${lost.length}${lost.length > 0 ? ` (${[...new Set(lost)].join(", ")})` : ""}`,
    "",
    "| the mesh takes | before | at the end of the attack | after | after / before |",
    "|---|---|---|---|---|",
  );
  const { before, during, after } = footprint;
  const ratio = (key: keyof typeof before) => (after[key] / before[key]).toFixed(2);
  for (const [key, name] of [
    ["memoryKb", "memory, KiB"],
    ["diskKb", "disk, KiB"],
    ["descriptors", "descriptors"],
  ] as const)
    lines.push(`| ${name} | ${before[key]} | ${during[key]} | ${after[key]} | ${ratio(key)} |`);
  lines.push(
    settledMs === null
      ? "not all within a tenth in time"
      : `all within a tenth after ${(settledMs / 1_000).toFixed(0)} s`,
    `stored before ${JSON.stringify(stored.before)}, after ${JSON.stringify(stored.after)}`,
    "",
    "| attack | attempts | what came of it |",
    "|---|---|---|",
  );
  let all = 0;
  for (const [attack, counts] of Object.entries(outcomes).sort()) {
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    all += total;
    const each = Object.entries(counts).sort(([, a], [, b]) => b - a);
    lines.push(`| ${attack} | ${total} | ${each.map(([name, n]) => `${name} ${n}`).join(", ")} |`);
  }
  const rate = (all / seconds).toFixed(0);
  lines.push(
    `${all} attempts, ${rate} a second; not documented: ${undocumented(outcomes).join("; ") || "none"}`,
  );
  return lines.join("\n");
}
