import type { Violation } from '../ogc/problems/domain-error.js';

const MOST_VIOLATIONS = 100;

/** The violations an answer names: a list as long as a hostile request helps nobody. */
export function limitViolations(violations: readonly Violation[]): readonly Violation[] {
  return violations.slice(0, MOST_VIOLATIONS);
}
