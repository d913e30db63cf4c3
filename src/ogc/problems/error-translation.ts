import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { DomainError } from './domain-error.js';
import { ErrorTranslator } from './error-translator.js';
import { toDomainError } from './to-domain-error.js';

/** Says any error in the words of the catalog, with the help of the translators of all rooms. */
@Injectable()
export class ErrorTranslation implements OnApplicationBootstrap {
  private translators: readonly ErrorTranslator[] = [];

  constructor(private readonly discovery: DiscoveryService) {}

  onApplicationBootstrap(): void {
    const instances = this.discovery.getProviders().map(({ instance }): unknown => instance);
    this.translators = [...new Set(instances.filter((instance) => instance instanceof ErrorTranslator))];
  }

  /** Domain errors as they are, then what a translator knows, then {@link toDomainError}. */
  translate(error: unknown): DomainError {
    if (error instanceof DomainError) return error;
    for (const translator of this.translators) {
      const translated = translator.translate(error);
      if (translated !== undefined) return translated;
    }
    return toDomainError(error);
  }
}
