import type { DomainError } from './domain-error.js';

/**
 * Port for the errors of something a room wraps, such as a driver: says them in the words of the catalog. A room
 * extends it, lists the class among its providers, and the problem filter finds it.
 */
export abstract class ErrorTranslator {
  /** @returns nothing for an error that this translator does not know */
  abstract translate(error: unknown): DomainError | undefined;
}
