const BYTES = ['B', 'KiB', 'MiB', 'GiB'];
const DURATIONS: [number, string][] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1_000, 's'],
];

/** Bytes as the settings write them: the largest unit that divides them, for example `512 MiB`. */
export function formatBytes(bytes: number): string {
  let [amount, unit] = [bytes, 0];
  while (amount > 0 && amount % 1024 === 0 && unit < BYTES.length - 1) [amount, unit] = [amount / 1024, unit + 1];
  return `${amount} ${BYTES[unit]}`;
}

/** Milliseconds as the settings write them, for example `5 m`. */
export function formatDuration(milliseconds: number): string {
  const [size, unit] = DURATIONS.find(([length]) => milliseconds > 0 && milliseconds % length === 0) ?? [1, 'ms'];
  return `${milliseconds / size} ${unit}`;
}
