import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { LocalBytes } from '../../jobs/files/stored-bytes.js';
import type { OgcSchema } from '../../processes/process-description.js';
import { outputValue } from './output-value.js';
import type { ResultOutput } from './result-output.js';

const directory = mkdtempSync(join(tmpdir(), 'sluice-output-value-'));
const JSON_TYPE = 'application/json';
const ARRAY: OgcSchema = { type: 'array', items: { type: 'string', contentMediaType: 'text/csv' } };

const value = (content: unknown): ResultOutput => ({ id: 'x', kind: 'value', value: content, mediaType: JSON_TYPE });
const file = (content: string, mediaType: string, size = content.length): ResultOutput => {
  const path = join(directory, 'file');
  writeFileSync(path, content);
  return { id: 'x', kind: 'file', bytes: new LocalBytes(path), size, sha256: '', mediaType };
};

afterAll(() => rmSync(directory, { recursive: true }));

describe(outputValue.name, () => {
  it('counts the items of an array from 0, each as its schema says', async () => {
    const found = await outputValue(value(['a', 'b']), ARRAY, 1);
    expect(found).toEqual({ output: { ...value('b'), mediaType: 'text/csv' }, schema: ARRAY.items });
    expect(await outputValue(value(['a', 'b']), ARRAY, 2)).toBeUndefined();
    expect(await outputValue(value([]), ARRAY, 0)).toBeUndefined();
  });

  it('takes any other output as its own only value', async () => {
    const schema: OgcSchema = { type: 'object' };
    for (const output of [value({ a: 1 }), file('[1]', JSON_TYPE), file('PK', 'application/zip')]) {
      expect(await outputValue(output, schema, 0)).toEqual({ output, schema });
      expect(await outputValue(output, schema, 1)).toBeUndefined();
    }
  });

  it('looks into an array that lies in a file', async () => {
    expect(await outputValue(file('["a","b"]', JSON_TYPE), ARRAY, 1)).toMatchObject({ output: { value: 'b' } });
    expect(await outputValue(file('["a"]', JSON_TYPE), { oneOf: [{ type: 'string' }, ARRAY] }, 0)).toMatchObject({
      output: { value: 'a' },
    });
  });

  it('says so when a stored array is gone or too large', async () => {
    const gone = { ...file('[]', JSON_TYPE), bytes: new LocalBytes(join(directory, 'none')) } as ResultOutput;
    await expect(outputValue(gone, ARRAY, 0)).rejects.toMatchObject({ code: 'result-not-available' });
    const large = file('[]', JSON_TYPE, 17 * 1024 * 1024);
    await expect(outputValue(large, ARRAY, 0)).rejects.toMatchObject({ code: 'result-not-available' });
  });
});
