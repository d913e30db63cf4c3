import { jsonPointer } from '../../ogc/json-pointer.js';
import { DomainError } from '../../ogc/problems/domain-error.js';

/** The error `invalid-query-parameter`: what is wrong with the parameter of this name. */
export function invalid(name: string, reason: string): DomainError {
  const short = name.slice(0, 100);
  return new DomainError('invalid-query-parameter', `The parameter "${short}" ${reason}.`, {
    errors: [{ pointer: jsonPointer(short), detail: `It ${reason}.` }],
  });
}
