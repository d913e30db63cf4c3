import { describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { DomainError } from './domain-error.js';
import { ErrorTranslation } from './error-translation.js';
import { ErrorTranslator } from './error-translator.js';

@Injectable()
class RangeTranslator extends ErrorTranslator {
  translate(error: unknown): DomainError | undefined {
    return error instanceof RangeError ? new DomainError('too-busy', 'Too much at once.') : undefined;
  }
}

@Module({ providers: [RangeTranslator] })
class AnotherRoom {}

describe(ErrorTranslation.name, () => {
  it('asks the translators of all modules about what is no domain error yet', async () => {
    const module = await Test.createTestingModule({
      imports: [DiscoveryModule, AnotherRoom],
      providers: [ErrorTranslation],
    }).compile();
    const translation = (await module.init()).get(ErrorTranslation);

    const own = new DomainError('no-such-job', 'There is none.');
    expect(translation.translate(own)).toBe(own);
    expect(translation.translate(new RangeError('x')).code).toBe('too-busy');
    expect(translation.translate(new TypeError('x')).code).toBe('internal');
  });
});
