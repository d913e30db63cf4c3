import { afterAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '../harness/temporary-directory.js';

type Statuses = Readonly<Record<string, 'passed' | 'failed' | 'pending' | 'todo'>>;

describe('the closing line of the gate', () => {
  const directory = temporaryDirectory('gate-tally');
  afterAll(() => directory.remove());

  /** Results as `jest --json` writes them, one file per run. */
  function tally(...runs: Statuses[]) {
    const files = runs.map((statuses, index) => {
      const assertionResults = Object.entries(statuses).map(([fullName, status]) => ({ fullName, status }));
      const path = join(directory.path, `${index}.json`);
      writeFileSync(path, JSON.stringify({ testResults: [{ name: 'a.spec.ts', assertionResults }] }));
      return path;
    });
    const { status, stdout, stderr } = spawnSync(process.execPath, ['.ci/tally.mjs', ...files], { encoding: 'utf8' });
    return { status, stdout: stdout.trim(), stderr: stderr.trim() };
  }

  it('passes when everything passed, also what only a later run could do', () => {
    expect(tally({ a: 'passed', root: 'pending' }, { root: 'passed' })).toEqual({
      status: 0,
      stdout: '2 passed, 0 failed, 0 skipped',
      stderr: '',
    });
  });

  it('names a test that passed only when it was run once more', () => {
    expect(tally({ a: 'passed', b: 'failed' }, { b: 'passed' })).toEqual({
      status: 0,
      stdout: '2 passed, 0 failed, 0 skipped',
      stderr: 'passed only at the second try: a.spec.ts: b',
    });
  });

  it.each<[string, Statuses, string]>([
    ['a skipped test', { a: 'passed', b: 'pending' }, 'skipped: a.spec.ts: b'],
    ['a test that is yet to be written', { a: 'passed', b: 'todo' }, 'skipped: a.spec.ts: b'],
    ['a failed test', { a: 'passed', b: 'failed' }, 'failed: a.spec.ts: b'],
    ['no test at all', {}, ''],
  ])('fails on %s, and says its name', (_, statuses, named) => {
    expect(tally(statuses)).toMatchObject({ status: 1, stderr: named });
  });
});
