import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { StepScope } from './step-key.js';

describe('StepScope', () => {
  it('numbers a name from its second use on, below its prefix', () => {
    const scope = new StepScope('outer/');
    const keys = ['a', 'b', 'a', 'a'].map((name) => {
      const key = scope.begin(name);
      scope.end(name, key);
      return key;
    });
    expect(keys).toEqual(['outer/a', 'outer/b', 'outer/a#2', 'outer/a#3']);
  });

  it('refuses a name that is in use, for steps and for places', () => {
    const scope = new StepScope('');
    expect(scope.begin('map')).toBe('map');
    expect(() => scope.begin('map')).toThrow('{ key, name }');
    scope.leave('map', new Set());
    expect(scope.begin('map')).toBe('map#2');
    const key = scope.begin('a');
    expect(() => scope.begin('a')).toThrow('Give them keys');
    scope.end('a', key);
    expect(scope.begin('a')).toBe('a#2');
  });

  it('gives unique keys, the same for the same calls, for any names', () => {
    const names = fc.array(fc.stringMatching(/^[^/#[\]]{1,4}$/), { maxLength: 50 });
    const keysOf = (scope: StepScope, used: string[]) =>
      used.map((name) => {
        const key = scope.begin(name);
        scope.end(name, key);
        return key;
      });
    fc.assert(
      fc.property(names, (used) => {
        const keys = keysOf(new StepScope(''), used);
        expect(new Set(keys).size).toBe(used.length);
        expect(keysOf(new StepScope(''), used)).toEqual(keys);
      }),
    );
  });

  it('knows the steps that ended last before the next one began', () => {
    const scope = new StepScope('', ['before']);
    expect([...scope.last]).toEqual(['before']);
    const [a, b] = [scope.begin('a'), scope.begin('b')];
    scope.end('b', b);
    scope.end('a', a);
    expect([...scope.last]).toEqual(['b', 'a']);
    const c = scope.begin('c');
    expect([...scope.last]).toEqual(['b', 'a']);
    scope.end('c', c);
    expect([...scope.last]).toEqual(['c']);
  });
});
