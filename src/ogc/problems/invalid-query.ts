import { jsonPointer } from '../json-pointer.js';
import { DomainError } from './domain-error.js';

/** Of the name of a parameter, what a sentence repeats of it. Characters. */
const LONGEST_NAME = 100;

/**
 * The error `invalid-query-parameter`, which names the parameter like a member of a body.
 * @param rule goes on after the name of the parameter: `must be true or false`
 */
export function invalidQuery(name: string, rule: string): DomainError {
  const shown = name.slice(0, LONGEST_NAME);
  return new DomainError('invalid-query-parameter', `${shown} ${rule}.`, {
    errors: [{ pointer: jsonPointer(name), detail: rule }],
  });
}
