import { Injectable } from '@nestjs/common';
import { DomainError } from '../ogc/problems/domain-error.js';
import { ErrorTranslator } from '../ogc/problems/error-translator.js';
import { storageFailure } from './storage-unavailable.js';

/** Says what storages and the disk fail with in the words of the catalog. */
@Injectable()
export class StorageErrorTranslator extends ErrorTranslator {
  translate(error: unknown): DomainError | undefined {
    const failure = storageFailure(error);
    return failure instanceof DomainError ? failure : undefined;
  }
}
