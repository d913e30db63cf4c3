import { describe, expect, it } from '@jest/globals';
import { QueryFailedError } from 'typeorm';
import { isDatabaseUnavailable } from './database-unavailable.js';

const failure = (members: object, message = 'x') => Object.assign(new Error(message), members);
const queryFailed = (code: string) => new QueryFailedError('SELECT 1', [], failure({ code }));

describe('isDatabaseUnavailable', () => {
  it.each([
    ['a refused connection', failure({ code: 'ECONNREFUSED' })],
    ['a reset connection', failure({ code: 'ECONNRESET' })],
    ['a missing socket', failure({ code: 'ENOENT', syscall: 'connect' })],
    ['a refused connection on every address', new AggregateError([failure({ code: 'ECONNREFUSED' })])],
    ['a closed client', failure({}, 'Connection terminated unexpectedly')],
    ['an exhausted pool', failure({}, 'timeout exceeded when trying to connect')],
    ['a shutdown', queryFailed('57P01')],
    ['a start', queryFailed('57P03')],
    ['too many connections', queryFailed('53300')],
    ['a failed connection', queryFailed('08006')],
  ])('is true for %s', (_, error) => expect(isDatabaseUnavailable(error)).toBe(true));

  it.each([
    ['a violated constraint', queryFailed('23505')],
    ['a syntax error', queryFailed('42601')],
    ['a missing file', failure({ code: 'ENOENT', syscall: 'open' })],
    ['another error', new Error('x')],
    ['no error', undefined],
  ])('is false for %s', (_, error) => expect(isDatabaseUnavailable(error)).toBe(false));
});
