import { describe, expect, it } from '@jest/globals';
import { readObjectValues } from './object-values.js';

const schema = {
  type: 'object',
  properties: { ok: { type: 'boolean' }, times: { type: 'integer' }, kind: { type: 'integer', enum: [1, 2] } },
};

describe('values of an object', () => {
  it('are read by its schema', () => {
    expect(readObjectValues(['ok=true', 'times=2', 'kind=2', 'more:=[1]'], undefined, schema)).toEqual({
      ok: true,
      times: 2,
      kind: 2,
      more: [1],
    });
  });

  it.each([
    ['ok=perhaps', /^ok: its value does not fit; it takes true or false; ok:=JSON sends anything\.$/],
    ['times=1.5', /^times: .*it takes whole numbers; /],
    ['kind=c', /^kind: .*it takes one of 1, 2; /],
    ['times=99999999999999999999', /^times: its value does not fit; times:=JSON sends anything\.$/],
  ])('that do not fit are not repeated, and what is taken is told: %s', (argument, message) => {
    expect(() => readObjectValues([argument], undefined, schema)).toThrow(message);
  });
});
