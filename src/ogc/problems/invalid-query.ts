import { jsonPointer } from '../json-pointer.js';
import { DomainError } from './domain-error.js';

/**
 * The error `invalid-query-parameter`, which names the parameter like a member of a body.
 * @param rule goes on after the name of the parameter: `must be true or false`
 */
export function invalidQuery(name: string, rule: string): DomainError {
  return new DomainError('invalid-query-parameter', `${name} ${rule}.`, {
    errors: [{ pointer: jsonPointer(name), detail: `It ${rule}.` }],
  });
}
