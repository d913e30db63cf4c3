import { describe, expect, it } from '@jest/globals';
import { readFlag, readOutputIds, readProfile } from './query-options.js';

describe(readProfile.name, () => {
  it('takes one, a list, or several; an unknown one is no error (/req/query-param-profile/response)', () => {
    expect([undefined, 'a,b', ['a', 'b'], ['a', 5]].map(readProfile)).toEqual([undefined, 'a,b', 'a,b', 'a']);
  });
});

describe(readFlag.name, () => {
  it('reads true, false, and a bare name as true', () => {
    expect([undefined, 'true', '', 'false'].map((value) => readFlag('validate', value))).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect(() => readFlag('validate', 'maybe')).toThrow(expect.objectContaining({ code: 'invalid-query-parameter' }));
    expect(() => readFlag('validate', ['true', 'true'])).toThrow('validate must be true or false.');
  });
});

describe(readOutputIds.name, () => {
  const described = { a: 1, b: 2 };

  it('reads the ids once each, in the order they are named (/req/core/job-results-param-outputs)', () => {
    expect(readOutputIds(undefined, described)).toBeUndefined();
    expect(readOutputIds('b,a,b', described)).toEqual(['b', 'a']);
    expect(readOutputIds(['a', 'b'], described)).toEqual(['a', 'b']);
  });

  it.each(['', 'a,', [''], ['a', '']])('refuses an empty id: %j', (value) => {
    expect(() => readOutputIds(value, described)).toThrow(expect.objectContaining({ code: 'invalid-query-parameter' }));
  });

  it.each(['c', 'a,__proto__', 'toString'])('names no output that is not described: %j', (value) => {
    expect(() => readOutputIds(value, described)).toThrow(expect.objectContaining({ code: 'no-such-output' }));
  });
});
