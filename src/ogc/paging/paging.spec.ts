import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { DomainError } from '../problems/domain-error.js';
import { decodeCursor, encodeCursor } from './cursor.js';
import { parseLimit } from './limit.js';
import { pageLinks } from './page-links.js';

const codeOf = (action: () => unknown) => {
  try {
    action();
  } catch (error) {
    return error instanceof DomainError ? error.code : error;
  }
  return undefined;
};

describe('parseLimit (/req/core/pl-limit-definition)', () => {
  it.each([
    [undefined, 10],
    ['1', 1],
    ['10000', 10_000],
    ['007', 7],
  ])('reads %p as %p', (value, expected) => expect(parseLimit(value)).toBe(expected));

  it.each(['0', '10001', '-1', '1.5', '1e3', '', ' 5', '0x10', 'ten', '99999999999', ['1', '2'], {}, 5])(
    'refuses %p',
    (value) => expect(codeOf(() => parseLimit(value))).toBe('invalid-query-parameter'),
  );
});

describe('cursors', () => {
  const shape = z.tuple([z.iso.datetime(), z.uuid()]);
  const key: z.infer<typeof shape> = ['2026-01-02T03:04:05.678Z', '0b5a4f8e-6c2d-4f6a-9d3e-2f1a0c9b8d7e'];

  it('come back as they were given', () => expect(decodeCursor(encodeCursor(key), shape)).toEqual(key));

  it('are safe in a URL for every text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (text) => {
        const cursor = encodeCursor([text]);
        expect(cursor).toBe(encodeURIComponent(cursor));
        expect(decodeCursor(cursor, z.tuple([z.string()]))).toEqual([text]);
      }),
    );
  });

  it('are optional', () => expect(decodeCursor(undefined, shape)).toBeUndefined());

  it('are refused when they are of another list', () => {
    expect(codeOf(() => decodeCursor(encodeCursor(['hello-world']), shape))).toBe('invalid-query-parameter');
    expect(codeOf(() => decodeCursor(encodeCursor([...key, 1]), shape))).toBe('invalid-query-parameter');
  });

  it.each(['', '!!!', 'bm90IGpzb24', encodeCursor(key).slice(0, -3), 'A'.repeat(2_000), [encodeCursor(key)], {}])(
    'are refused when tampered with: %p',
    (value) => expect(codeOf(() => decodeCursor(value, shape))).toBe('invalid-query-parameter'),
  );

  it('are refused or valid, never an unexpected error', () => {
    fc.assert(
      fc.property(fc.string(), (text) =>
        expect([undefined, 'invalid-query-parameter']).toContain(codeOf(() => decodeCursor(text, shape))),
      ),
    );
  });
});

describe('pageLinks (/rec/core/next-1)', () => {
  const self = 'https://example.org/ogc/jobs?limit=2&status=failed&cursor=old';

  it('keep the other query parameters and replace the cursor', () => {
    const links = pageLinks(self, { next: 'n1', prev: 'p1' });
    expect(links.map(({ rel }) => rel)).toEqual(['self', 'next', 'prev']);
    expect(links[0].href).toBe(self);
    expect(links[1].href).toBe('https://example.org/ogc/jobs?limit=2&status=failed&cursor=n1');
    expect(links[2].href).toBe('https://example.org/ogc/jobs?limit=2&status=failed&cursor=p1');
  });

  it('has only self on the only page', () => expect(pageLinks(self, {}).map(({ rel }) => rel)).toEqual(['self']));
});
