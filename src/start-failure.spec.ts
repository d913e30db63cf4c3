import { describe, expect, it } from '@jest/globals';
import { InvalidSettingsError } from './config/settings.js';
import { startFailure } from './start-failure.js';

describe('startFailure', () => {
  it('is the message alone where that says what to do', () =>
    expect(startFailure(new InvalidSettingsError(['PORT must be a whole number']))).toBe(
      'The service cannot start, 1 setting(s) need attention:\n  - PORT must be a whole number',
    ));

  it('says of other errors the causes too, and how to learn more', () => {
    const refused = new AggregateError([
      new Error('connect ECONNREFUSED ::1:1'),
      new Error('connect ECONNREFUSED 127.0.0.1:1'),
    ]);
    expect(startFailure(new Error('no queue', { cause: new Error('no server') }))).toBe(
      'The service cannot start: no queue: no server\nLOG_LEVEL=debug shows where this happened.',
    );
    expect(startFailure(refused)).toMatch(/AggregateError: connect ECONNREFUSED ::1:1: connect ECONNREFUSED 127/);
    expect(startFailure('thrown text')).toBe('thrown text');
  });

  it('shows stacks to those who debug', () => {
    expect(startFailure(new Error('odd'))).not.toMatch(/^ +at /m);
    expect(startFailure(new Error('odd'), true)).toMatch(/^The service cannot start: odd\nError: odd\n +at /);
    expect(startFailure(new InvalidSettingsError(['X']), true)).toMatch(/\n +at /);
  });

  it('hides secrets', () =>
    expect(startFailure(new Error('cannot use postgres://u:S3cret@db'), true)).not.toContain('S3cret'));
});
