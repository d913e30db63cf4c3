import { describe, expect, it } from '@jest/globals';
import { BadRequestException, HttpException, NotFoundException } from '@nestjs/common';
import fastify from 'fastify';
import { DomainError } from './domain-error.js';
import { PROBLEM_CATALOG } from './problem-catalog.js';
import { problemMediaType } from './problem-media-type.js';
import { problemOf, problemOfError } from './problem.js';
import { toDomainError } from './to-domain-error.js';

const {
  FST_ERR_CTP_BODY_TOO_LARGE,
  FST_ERR_CTP_INVALID_MEDIA_TYPE,
  FST_ERR_BAD_URL,
  FST_ERR_CTP_INVALID_CONTENT_LENGTH,
} = fastify.errorCodes;

const toProblem = (error: unknown, instance?: string) => problemOfError(toDomainError(error), instance);

describe('toDomainError', () => {
  it('says a domain error by the catalog, with all violations', () => {
    const errors = [{ pointer: '/inputs/name', detail: 'is required' }];
    expect(toProblem(new DomainError('invalid-parameter', 'One input is wrong.', { errors }), 'urn:x')).toEqual({
      ...PROBLEM_CATALOG['invalid-parameter'],
      detail: 'One input is wrong.',
      instance: 'urn:x',
      errors,
    });
  });

  it.each<[string, unknown, string]>([
    ['an unknown route', new NotFoundException('Cannot GET /x'), 'not-found'],
    ['a large body', new FST_ERR_CTP_BODY_TOO_LARGE(), 'body-too-large'],
    ['a foreign media type', new FST_ERR_CTP_INVALID_MEDIA_TYPE(), 'unsupported-media-type'],
    ['a malformed path', new FST_ERR_BAD_URL('/%zz'), 'bad-request'],
    ['a wrong length', new FST_ERR_CTP_INVALID_CONTENT_LENGTH(), 'bad-request'],
    [
      'a Fastify error wrapped by Nest',
      new HttpException('x', 413, { cause: new FST_ERR_CTP_BODY_TOO_LARGE() }),
      'body-too-large',
    ],
    ['an unusual client error', new HttpException('teapot', 418), 'bad-request'],
    ['a server error of Nest', new HttpException('secret', 500), 'internal'],
    ['an error of the code', new TypeError('secret of undefined'), 'internal'],
    ['a thrown text', 'secret', 'internal'],
    ['nothing', undefined, 'internal'],
  ])('says %s by the catalog, without telling secrets', (_, error, code) => {
    const problem = toProblem(error);
    expect(problem).toMatchObject(PROBLEM_CATALOG[code as keyof typeof PROBLEM_CATALOG]);
    expect(JSON.stringify(problem)).not.toContain('secret');
  });

  it('joins the messages of a validation exception', () => {
    expect(toProblem(new BadRequestException(['a is wrong', 'b is wrong'])).detail).toBe('a is wrong; b is wrong');
  });

  it('keeps the original error for the log', () => {
    const cause = new Error('x');
    expect(toDomainError(cause).cause).toBe(cause);
  });
});

describe('problemOf', () => {
  it('leaves out members that have no value', () => {
    expect(Object.keys(problemOf({ code: 'timed-out', detail: 'Too slow.', errors: [] }))).toEqual([
      'type',
      'title',
      'status',
      'detail',
    ]);
  });
});

describe('problemMediaType', () => {
  it.each([
    [undefined, 'application/problem+json'],
    ['*/*', 'application/problem+json'],
    ['text/html', 'application/problem+json'],
    ['application/json', 'application/json'],
    ['text/html, Application/JSON; q=0.5', 'application/json'],
    ['application/json, application/problem+json', 'application/problem+json'],
    ['application/json;q=0', 'application/problem+json'],
    ['application/geo+json', 'application/problem+json'],
  ])('for Accept %p is %p', (accept, expected) => expect(problemMediaType(accept)).toBe(expected));
});
