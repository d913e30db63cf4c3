import { describe, expect, it } from '@jest/globals';
import { parseBlockRef, referencedBlock } from './block-ref.js';
import { checkReferences, referrers } from './block-references.js';

const graph = (edges: Record<string, string[]>) =>
  new Map(Object.entries(edges).map(([name, refs]) => [name, { refs }]));

describe(parseBlockRef.name, () => {
  it('reads type and name', () =>
    expect(parseBlockRef('s3/my.results-1_a')).toEqual({ type: 's3', name: 'my.results-1_a' }));

  it.each([
    's3',
    's3/',
    '/x',
    's3/x/y',
    'S3/x',
    's3/X',
    's3/.x',
    '3s/x',
    's3/..',
    's3/a b',
    `s3/${'x'.repeat(65)}`,
    '',
  ])('reads nothing from %j', (text) => expect(parseBlockRef(text)).toBeUndefined());
});

describe(referencedBlock.name, () => {
  it('knows a reference from other objects', () => {
    expect(referencedBlock({ $block: 's3/x' })).toBe('s3/x');
    for (const other of [
      { $block: 's3/x', a: 1 },
      { $block: 1 },
      { $block: 'x' },
      's3/x',
      null,
      [{ $block: 's3/x' }],
    ]) {
      expect(referencedBlock(other)).toBeUndefined();
    }
  });
});

describe(checkReferences.name, () => {
  const targets = (target: string) => new Map([['credentials', target]]);
  const detailsOf = (ref: string, target: string, edges: Record<string, string[]>) =>
    checkReferences(ref, targets(target), graph(edges)).map(({ pointer, detail }) => `${pointer} ${detail}`);

  it('takes references to blocks that are there, also when ways meet again', () => {
    expect(detailsOf('a/a', 'b/b', { 'b/b': ['c/c', 'd/d'], 'c/c': ['e/e'], 'd/d': ['e/e'], 'e/e': [] })).toEqual([]);
  });

  it('refuses what is not there, the block itself, and rings, with the whole way', () => {
    expect(detailsOf('a/a', 'b/b', {})).toEqual(['/values/credentials/$block There is no block b/b.']);
    expect(detailsOf('a/a', 'a/a', { 'a/a': [] })).toEqual(['/values/credentials/$block The block refers to itself.']);
    expect(detailsOf('a/a', 'b/b', { 'b/b': ['c/c'], 'c/c': ['a/a'], 'a/a': [] })).toEqual([
      '/values/credentials/$block The references would make a ring: a/a -> b/b -> c/c -> a/a.',
    ]);
  });

  it('ends where others make a ring already', () => {
    expect(detailsOf('a/a', 'b/b', { 'b/b': ['c/c'], 'c/c': ['b/b'] })).toEqual([]);
  });
});

describe(referrers.name, () => {
  it('names the blocks that refer to one, itself left out', () => {
    expect(referrers('a/a', graph({ 'a/a': ['a/a'], 'c/c': ['a/a'], 'b/b': ['a/a'], 'd/d': [] }))).toEqual([
      'b/b',
      'c/c',
    ]);
  });
});
