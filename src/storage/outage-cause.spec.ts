import { describe, expect, it } from '@jest/globals';
import { outageCause } from './outage-cause.js';
import { StorageError } from './storage-error.js';

const coded = (code: string) => Object.assign(new Error(`connect ${code} 10.0.0.7:443`), { code });

describe('the cause of an outage', () => {
  it.each<[unknown, string | undefined]>([
    [coded('ENOTFOUND'), 'the name of its host is not found'],
    [coded('ECONNREFUSED'), 'the connection is refused'],
    [new AggregateError([coded('ECONNREFUSED')]), 'the connection is refused'],
    [new Error('fetch failed', { cause: coded('UND_ERR_CONNECT_TIMEOUT') }), 'there is no answer in time'],
    [Object.assign(new Error('slow'), { name: 'TimeoutError' }), 'there is no answer in time'],
    [{ name: '503', $metadata: { httpStatusCode: 503 } }, 'it answers 503'],
    [new Error('secret'), undefined],
    [undefined, undefined],
  ])('%s is told in words without an address', (cause, words) => {
    expect(outageCause(new StorageError('unavailable', 'a', { cause }))).toBe(words);
  });
});
