/** Where a structure departs from its rules: a JSON pointer below the structure, and what is wrong there. */
export interface StructureFault {
  readonly path: string;
  readonly detail: string;
}

/** Faults are collected up to this number; a geometry with a million wrong positions needs no longer list. */
export const MOST_FAULTS = 20;

/** Whether a value is a list of finite numbers. */
export function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number' && Number.isFinite(item));
}
