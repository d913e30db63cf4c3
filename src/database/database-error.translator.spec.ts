import { describe, expect, it } from '@jest/globals';
import { DatabaseErrorTranslator } from './database-error.translator.js';

describe(DatabaseErrorTranslator.name, () => {
  const translator = new DatabaseErrorTranslator();

  it('asks the client to come back when the database is away, and keeps the error for the log', () => {
    const cause = Object.assign(new Error('secret'), { code: '57P01' });
    const error = translator.translate(cause);
    expect(error).toMatchObject({ code: 'database-unavailable', cause });
    expect(error?.retryAfter).toBeGreaterThan(0);
    expect(error?.message).not.toContain('secret');
  });

  it('leaves every other error to others', () => {
    expect(translator.translate(Object.assign(new Error('x'), { code: '23505' }))).toBeUndefined();
    expect(translator.translate(undefined)).toBeUndefined();
  });
});
