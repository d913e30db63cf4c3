/** Nesting beyond this is refused: nothing meaningful needs it, and recursive code further on would run out of stack. */
export const DEEPEST = 100;

/** How large a JSON value is. */
export interface ValueSize {
  /** Values inside the value, itself included; counting stops when the value is too deep. */
  readonly nodes: number;
  readonly tooDeep: boolean;
}

/** Counts a JSON value. Recursion is bounded by {@link DEEPEST}. */
export function measure(value: unknown): ValueSize {
  const counter = { nodes: 0, tooDeep: false };
  count(value, 0, counter);
  return counter;
}

function count(value: unknown, depth: number, counter: { nodes: number; tooDeep: boolean }): void {
  counter.nodes++;
  if (typeof value !== 'object' || value === null || counter.tooDeep) return;
  if (depth === DEEPEST) {
    counter.tooDeep = true;
    return;
  }
  if (Array.isArray(value)) {
    for (const item of value) count(item, depth + 1, counter);
    return;
  }
  for (const key in value) count((value as Record<string, unknown>)[key], depth + 1, counter);
}
