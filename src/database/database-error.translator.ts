import { Injectable } from '@nestjs/common';
import { DomainError } from '../ogc/problems/domain-error.js';
import { ErrorTranslator } from '../ogc/problems/error-translator.js';
import { isDatabaseUnavailable } from './database-unavailable.js';

/** Seconds; a restarted database is usually back within this time. */
const RETRY_AFTER = 5;

/** Says a lost database as `database-unavailable`. Other errors of the driver are faults of the service. */
@Injectable()
export class DatabaseErrorTranslator extends ErrorTranslator {
  translate(error: unknown): DomainError | undefined {
    if (!isDatabaseUnavailable(error)) return undefined;
    return new DomainError('database-unavailable', 'The database is not reachable at the moment. Try again later.', {
      cause: error,
      retryAfter: RETRY_AFTER,
    });
  }
}
