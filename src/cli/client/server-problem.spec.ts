import { describe, expect, it } from '@jest/globals';
import { retryAfterOf } from './http-connection.js';
import { jobIdOfUrl } from './ogc-documents.js';
import { readHeaders } from './request-headers.js';
import { describeProblem, readProblem } from './server-problem.js';

describe(describeProblem.name, () => {
  it('repeats title, status, detail and every error with its pointer', () => {
    const errors = [{ pointer: '/inputs/a', detail: 'is required' }, { detail: 'too many' }];
    const problem = { title: 'Invalid', status: 400, detail: 'Does not fit.', errors };
    expect(describeProblem(problem)).toBe('Invalid (400)\n  Does not fit.\n  - /inputs/a: is required\n  - too many');
  });

  it('names the instance of a fault of the server, to be found in its log', () => {
    expect(describeProblem({ title: 'Internal error', status: 500, instance: 'urn:uuid:1' })).toMatch(/urn:uuid:1/);
  });
});

describe(jobIdOfUrl.name, () => {
  it.each([
    ['http://a/ogc/jobs/j%201', 'j 1'],
    ['/jobs/x/?f=json', 'x'],
    ['http://a/jobs/%zz', '%zz'],
    ['http://a/jobs', undefined],
    ['', undefined],
  ])('of %s is %s', (url, id) => expect(jobIdOfUrl(url)).toBe(id));
});

describe(readProblem.name, () => {
  it('understands the older form with code and description', () => {
    const problem = readProblem(404, 'Not Found', '{"code":"NoSuchProcess","description":"unknown"}');
    expect(describeProblem(problem)).toBe('NoSuchProcess (404)\n  unknown');
  });

  it.each(['<html>', '', 'null', '[]'])('says the status when the body is %j', (body) => {
    expect(describeProblem(readProblem(502, 'Bad Gateway', body))).toBe('HTTP 502 Bad Gateway');
  });
});

describe(readHeaders.name, () => {
  it('reads names and values; the last of a name counts', () => {
    expect(readHeaders(['X-Key: a:b ', 'Other:1', 'x-key: c'])).toEqual({ 'x-key': 'c', other: '1' });
  });

  it('repeats no part of a header it cannot read, which may be a secret', () => {
    expect(() => readHeaders(['s3cret'])).toThrow(/^A header is not of the form "Name: value"\.$/);
    expect(() => readHeaders(['A: b\nc: s3cret'])).toThrow(/^A header is not of the form "Name: value"\.$/);
  });
});

describe(retryAfterOf.name, () => {
  it.each([
    ['7', 7],
    ['Thu, 01 Jan 1970 00:00:09 GMT', 9],
    ['soon', undefined],
    [undefined, undefined],
  ])('reads %s as %s seconds', (header, expected) => {
    expect(retryAfterOf({ headers: { 'retry-after': header } }, 0)).toBe(expected);
  });
});
