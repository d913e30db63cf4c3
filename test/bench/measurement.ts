/** One figure beside its baseline, both measured in the same run. */
export interface Measurement {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  readonly baseline?: { readonly name: string; readonly value: number };
  /** Of runs in turns, where it was measured by itself; else that of the two values. */
  readonly ratio?: number;
  /** What the project asks of this figure. */
  readonly goal?: { readonly text: string; readonly met: boolean };
}

/** The q-th quantile (0 to 1) of some numbers. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Prints measurements as a table, with the ratio to the baseline. */
export function printTable(measurements: readonly Measurement[]): void {
  const rows = measurements.map(({ name, unit, value, baseline, ratio, goal }) => [
    name,
    `${format(value)} ${unit}`,
    baseline ? `${format(baseline.value)} ${unit}  (${baseline.name})` : '',
    baseline ? (ratio ?? value / baseline.value).toFixed(2) : '',
    goal ? `${goal.met ? 'met   ' : 'MISSED'} ${goal.text}` : '',
  ]);
  const table = [['', 'Sluice', 'baseline', 'ratio', 'goal'], ...rows];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  for (const row of table)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    );
}

function format(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2);
}
