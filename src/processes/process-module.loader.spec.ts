import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from '@jest/globals';
import { loadProcessModules } from './process-module.loader.js';

const nest = pathToFileURL(createRequire(import.meta.url).resolve('@nestjs/common')).href;
const directory = mkdtempSync(join(tmpdir(), 'modules-'));
afterAll(() => rmSync(directory, { recursive: true }));

function file(name: string, ...lines: string[]): string {
  const path = join(directory, name);
  writeFileSync(path, [`import { Module } from '${nest}';`, ...lines].join('\n'));
  return path;
}

const one = 'export class One {}; Module({ providers: [] })(One);';
const two = 'export class Two {}; Module({ providers: [] })(Two);';

describe('loading of process modules', () => {
  it('takes the only module of a file, or its default export; paths and URLs alike', async () => {
    const single = file('single.mjs', one, 'export class Other {}; export const number = 5;');
    const several = file('several.mjs', one, two, 'export default Two;');
    const loaded = await loadProcessModules([single, pathToFileURL(several), pathToFileURL(single).href]);
    expect(loaded.map(({ name }) => name)).toEqual(['One', 'Two', 'One']);
  });

  it.each([
    ['a file that is missing', join(directory, 'none.mjs'), /none\.mjs cannot be imported/],
    ['a file that throws', file('throws.mjs', "throw new Error('no licence');"), /cannot be imported: no licence/],
    [
      'TypeScript',
      join(directory, 'own.ts'),
      /own\.ts cannot be imported: .*; it is TypeScript: compile it to JavaScript/,
    ],
    ['no module', file('empty.mjs', 'export const a = 1;'), /exports no class with @Module/],
    ['several modules', file('both.mjs', one, two), /exports several modules \(One, Two\)/],
    [
      'a default that is no module',
      file('plain.mjs', 'export default class Plain {}'),
      /Plain as default, which has no/,
    ],
  ])('names the file and the cure: %s', async (_title, path, message) => {
    await expect(loadProcessModules([path])).rejects.toThrow(message);
  });
});
