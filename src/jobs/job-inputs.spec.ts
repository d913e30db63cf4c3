import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { Settings } from '../config/settings.js';
import { InputFile } from '../processes/input-file.js';
import { DEFAULT_STORAGE, Storages } from '../storage/storages.js';
import type { Storage } from '../storage/storage.js';
import { StoredFiles } from './files/stored-files.js';
import { JobFiles } from './job-files.js';
import { JobInputs } from './job-inputs.js';
import type { StagedInputs } from './job.types.js';

const JOB = 'd9f2b6a4-5c57-4a3e-9b0e-0f4a2f1d7c11';

let root: string;
let files: JobFiles;
let stored: StoredFiles;
let inputs: JobInputs;

/** Everything lies in DATA_DIR. */
class NoStorages extends Storages {
  readonly defaultRef = DEFAULT_STORAGE;

  open(ref: string): Promise<Storage> {
    return Promise.reject(new Error(`${ref} was opened`));
  }
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sluice-job-inputs-'));
  const settings = Settings.parse({ DATA_DIR: root, INLINE_INPUT: '64B' });
  files = new JobFiles(settings);
  stored = new StoredFiles(files, new NoStorages(), settings);
  inputs = new JobInputs(files, stored, settings);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Stores the values, takes them through the JSON of the job's row, and loads them. */
async function throughTheRow(values: Record<string, unknown>) {
  const kept = await inputs.store(JOB, values);
  const row = JSON.parse(JSON.stringify({ staged: null, ...kept })) as {
    inputs: Record<string, unknown>;
    staged: StagedInputs | null;
  };
  const run = stored.ofRun(null, files.attempt(JOB, 1), {});
  return { stored: kept, loaded: await inputs.load(row, run) };
}

const file = (name: string) => new InputFile(join(files.directory(JOB), 'inputs', name), 7, 'image/png');

describe('JobInputs', () => {
  it('keeps small values in the row and makes no file', async () => {
    const values = { b: 1, a: [null, { c: '' }] };
    const { stored, loaded } = await throughTheRow(values);
    expect(stored).toEqual({ inputs: values });
    expect(JSON.stringify(loaded)).toBe(JSON.stringify(values));
    expect(existsSync(files.directory(JOB))).toBe(false);
  });

  it('moves values larger than INLINE_INPUT into a file of the job', async () => {
    const values = { text: 'x'.repeat(100), odd: '\0\ud800' };
    const { stored, loaded } = await throughTheRow(values);
    expect(stored).toEqual({ inputs: {}, staged: { document: `jobs/${JOB}/inputs/inputs.json` } });
    expect(loaded).toEqual(values);
  });

  it('keeps the name that a file came with', async () => {
    const values = { image: new InputFile(join(files.directory(JOB), 'inputs', '0'), 7, 'image/png', 'cruise.png') };
    expect((await throughTheRow(values)).loaded).toEqual(values);
  });

  it('names binary inputs by their place, with paths that survive a move of the data directory', async () => {
    const values = { image: file('a'), tiles: [file('b'), 'text', file('c')], n: 1 };
    const { stored, loaded } = await throughTheRow(values);
    expect(stored.inputs).toEqual({ image: null, tiles: [null, 'text', null], n: 1 });
    const place = (name: string) => ({ path: `jobs/${JOB}/inputs/${name}`, size: 7, mediaType: 'image/png' });
    expect(stored.staged?.files).toEqual({
      '["image"]': place('a'),
      '["tiles",0]': place('b'),
      '["tiles",2]': place('c'),
    });
    expect(loaded).toEqual(values);
    expect(loaded.image).toBeInstanceOf(InputFile);
  });

  it('keeps binary inputs beside a large document', async () => {
    const values = { text: 'x'.repeat(100), tiles: [file('a'), null] };
    const { stored, loaded } = await throughTheRow(values);
    expect(stored.inputs).toEqual({});
    expect(loaded).toEqual(values);
  });

  it('gives back any JSON values, under any input ids', async () => {
    const values = fc.dictionary(fc.string({ maxLength: 12 }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 6 });
    await fc.assert(
      fc.asyncProperty(values, async (given) => {
        const { loaded } = await throughTheRow(given);
        expect(JSON.stringify(loaded)).toBe(JSON.stringify(given));
      }),
      { numRuns: 50 },
    );
  });
});
