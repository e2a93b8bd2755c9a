/** What a run of the benchmark leaves, and how it is read: medians, and ratios to Go with Go. */

/** A run. */
export interface Results {
  /** The machine and the versions, for people. */
  readonly about: readonly string[];
  readonly settings: readonly Setting[];
}

/** All that was measured with AutoMTLS, or without. */
export interface Setting {
  readonly autoMtls: boolean;
  /** The samples by measure (`unary_p50 us`), then by column. */
  readonly samples: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;
}

/** What is better when it is less. */
const LESS = ["ms", "us", "MiB"];

/** The unit of a measure. */
export function unitOf(measure: string): string {
  return measure.slice(measure.indexOf(" ") + 1);
}

/** Whether less of it is better. */
export function isLessBetter(measure: string): boolean {
  return LESS.includes(unitOf(measure));
}

/** The middle one; of two, the lower. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? NaN;
}

/** The median of a column, `undefined` if it does not have the measure. */
export function medianOf(setting: Setting, measure: string, column: string): number | undefined {
  const values = setting.samples[measure]?.[column];
  return values && median(values);
}

function show(value: number): string {
  return value < 100 ? value.toPrecision(3) : String(Math.round(value));
}

/** A table in Markdown: medians, and behind them how many times the first column's that is. */
export function tableOf(setting: Setting, columns: readonly string[]): string {
  const [base = ""] = columns;
  const rows = Object.keys(setting.samples).map((measure) => {
    const first = medianOf(setting, measure, base);
    const cells = columns.map((column) => {
      const value = medianOf(setting, measure, column);
      if (value === undefined) return "-";
      if (column === base || first === undefined) return show(value);
      return `${show(value)} (${(value / first).toFixed(2)}x)`;
    });
    return `| ${measure} | ${cells.join(" | ")} |`;
  });
  return [`| | ${columns.join(" | ")} |`, `|-|${columns.map(() => "-").join("|")}|`, ...rows]
    .join("\n");
}
