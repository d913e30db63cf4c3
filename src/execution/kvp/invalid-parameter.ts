import { DomainError } from '../../ogc/problems/domain-error.js';

/** The error `invalid-query-parameter`: what is wrong with the parameter of this name. */
export function invalid(name: string, reason: string): DomainError {
  return new DomainError('invalid-query-parameter', `The parameter "${name.slice(0, 100)}" ${reason}.`);
}
