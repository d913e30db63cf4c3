import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { FastifyRequest } from 'fastify';
import { MediaType } from '../media-type.js';
import { DomainError } from '../problems/domain-error.js';
import { chooseRepresentation } from './representation.js';

const AVAILABLE = [MediaType.openApi30, MediaType.json, MediaType.html] as const;
const choose = (accept?: string, query: object = {}) =>
  chooseRepresentation({ headers: { accept }, query } as unknown as FastifyRequest, [...AVAILABLE]);

describe('chooseRepresentation (RFC 9110 section 12.5.1)', () => {
  it.each([
    [undefined, MediaType.openApi30],
    ['', MediaType.openApi30],
    ['*/*', MediaType.openApi30],
    ['application/json', MediaType.json],
    ['APPLICATION/JSON', MediaType.json],
    ['application/vnd.oai.openapi+json;version=3.0', MediaType.openApi30],
    ['application/vnd.oai.openapi+json', MediaType.openApi30],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', MediaType.html],
    ['text/html;q=0.5, application/json;q=0.9', MediaType.json],
    ['text/*', MediaType.html],
  ])('answers Accept %p with %p', (accept, expected) => expect(choose(accept)).toBe(expected));

  it.each(['image/png', 'application/vnd.oai.openapi+json;version=3.1', 'application/json;q=0', 'garbage'])(
    'finds nothing acceptable for %p',
    (accept) => expect(() => choose(accept)).toThrow(expect.objectContaining({ code: 'not-acceptable' })),
  );

  it('lets f decide over Accept', () => {
    expect(choose('text/html', { f: 'json' })).toBe(MediaType.openApi30);
    expect(choose('application/json', { f: 'html' })).toBe(MediaType.html);
  });

  it.each(['xml', '', 'constructor', ['json', 'html']])('refuses f=%p', (f) =>
    expect(() => choose(undefined, { f })).toThrow(expect.objectContaining({ code: 'invalid-query-parameter' })),
  );

  it('gives a representation or not-acceptable for any header', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'a*/;=",q01. ') })), (accept) => {
        try {
          expect(AVAILABLE).toContain(choose(accept));
        } catch (error) {
          if (!(error instanceof DomainError)) throw error;
          expect(error.code).toBe('not-acceptable');
        }
      }),
    );
  });
});
