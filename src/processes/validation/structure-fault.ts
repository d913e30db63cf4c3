/** Where a structure departs from its rules: a JSON pointer below the structure, and what is wrong there. */
export interface StructureFault {
  readonly path: string;
  readonly detail: string;
}

/** Faults are collected up to this number; a geometry with a million wrong positions needs no longer list. */
export const MOST_FAULTS = 20;

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number' && Number.isFinite(item));
}
