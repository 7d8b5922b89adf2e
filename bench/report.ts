/** Results: figures of both sides, their ratio, and the table that a reader gets. */
import type { SideName } from "./client/device.ts";
import type { Measured, Pairs } from "./rig.ts";

/** One figure, as the JSON file holds it. */
export interface Row {
  readonly scenario: string;
  readonly metric: string;
  readonly unit: string;
  /** The mesh: median of its samples. */
  readonly value: number;
  /** The control: median of its samples. */
  readonly control: number;
  /** Mesh by control: median of the ratios of samples that were taken one after the other. */
  readonly ratio: number;
  /** A figure of each slice, the mesh's as `value`. */
  readonly samples: { readonly value: readonly number[]; readonly control: readonly number[] };
}

/** The value in the middle, or between the two in the middle; NaN of nothing. */
export function median(values: Iterable<number>): number {
  const sorted = Float64Array.from(values).sort();
  const upper = sorted[sorted.length >> 1] ?? Number.NaN;
  const lower = sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
  return (lower + upper) / 2;
}

/** The smallest value that `share` of all do not exceed; NaN of nothing. */
export function percentile(values: Float64Array, share: number): number {
  const sorted = values.slice().sort();
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** A row from samples of both sides. */
export function rowOf(
  scenario: string,
  metric: string,
  unit: string,
  samples: Readonly<Record<SideName, readonly number[]>>,
): Row {
  const { mesh, control } = samples;
  return {
    scenario,
    metric,
    unit,
    value: median(mesh),
    control: median(control),
    ratio: median(mesh.map((value, index) => value / (control[index] ?? Number.NaN))),
    samples: { value: mesh, control },
  };
}

/**
 * The rows that every closed-loop scenario has.
 *
 * @param what what is counted: "message"
 * @param perOperation of `what` in one operation
 */
export function loadRows(scenario: string, what: string, pairs: Pairs, perOperation = 1): Row[] {
  const row = (metric: string, unit: string, figure: (slice: Measured) => number): Row => {
    const samples = { mesh: pairs.mesh.map(figure), control: pairs.control.map(figure) };
    return rowOf(scenario, metric, unit, samples);
  };
  const amount = ({ count }: Measured) => count * perOperation;
  return [
    row("rate", `${what}s/s`, (slice) => (amount(slice) * 1_000) / slice.ms),
    row("p50", "ms", ({ latencies }) => percentile(latencies, 0.5)),
    row("p99", "ms", ({ latencies }) => percentile(latencies, 0.99)),
    row("server processor time", `µs/${what}`, (slice) => {
      return (slice.serverCpuMs * 1_000) / amount(slice);
    }),
    row("server busy", "cores", ({ serverCpuMs, ms }) => serverCpuMs / ms),
    row("client busy", "cores", ({ clientCpuMs, ms }) => clientCpuMs / ms),
  ];
}

const format = (value: number): string =>
  Number.isNaN(value)
    ? "–"
    : value >= 1_000
      ? value.toFixed(0)
      : value.toPrecision(value === 0 ? 1 : 3);

/** Rows as aligned columns. */
export function formatTable(rows: readonly Row[]): string {
  const lines = [
    ["scenario", "metric", "mesh", "control", "mesh/control", "unit"],
    ...rows.map(({ scenario, metric, value, control, ratio, unit }) => {
      return [
        scenario,
        metric,
        format(value),
        format(control),
        Number.isNaN(ratio) ? "–" : ratio.toFixed(2),
        unit,
      ];
    }),
  ];
  const widths = lines[0]?.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  const isNumber = (column: number) => column >= 2 && column <= 4;
  const pad = (text: string, column: number): string => {
    const width = widths?.[column] ?? 0;
    return isNumber(column) ? text.padStart(width) : text.padEnd(width);
  };
  return lines.map((line) => `${line.map(pad).join("  ").trimEnd()}\n`).join("");
}
