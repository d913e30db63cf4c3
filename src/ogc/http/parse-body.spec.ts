import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { DomainError } from '../problems/domain-error.js';
import { parseBody } from './parse-body.js';

const SHAPE = z.strictObject({
  url: z.string(),
  secret: z.string().min(16).max(20).optional(),
  events: z
    .array(z.enum(['a', 'b'], 'must be a or b'))
    .min(1)
    .optional(),
  enabled: z.boolean().optional(),
  values: z.strictObject({ n: z.number() }).optional(),
});

function faultsOf(body: unknown): unknown {
  try {
    return parseBody(SHAPE, body, 'It is not valid.');
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return Object.fromEntries(error.errors!.map(({ pointer, detail }) => [pointer, detail]));
  }
}

describe('parseBody', () => {
  it('gives what fits', () => expect(faultsOf({ url: 'x', events: ['a'] })).toEqual({ url: 'x', events: ['a'] }));

  it.each<[unknown, Record<string, string>]>([
    [5, { '': 'must be an object' }],
    [{}, { '/url': 'This member is required.' }],
    [{ url: 5 }, { '/url': 'must be a text' }],
    [
      { url: 'x', more: 1, 'a/b': 2 },
      { '/more': 'is no member that is known here', '/a~1b': 'is no member that is known here' },
    ],
    [{ url: 'x', secret: 'short' }, { '/secret': 'must have 16 characters at least' }],
    [{ url: 'x', secret: 'x'.repeat(21) }, { '/secret': 'must have 20 characters at most' }],
    [{ url: 'x', events: [] }, { '/events': 'must have 1 item at least' }],
    [{ url: 'x', events: ['a', 'c'] }, { '/events/1': 'must be a or b' }],
    [
      { url: 'x', enabled: 'yes', values: { n: '1' } },
      { '/enabled': 'must be true or false', '/values/n': 'must be a number' },
    ],
  ])('says of %j everything that is wrong, by JSON pointers', (body, faults) => expect(faultsOf(body)).toEqual(faults));
});
