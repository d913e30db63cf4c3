import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WrittenOutputs } from './written-outputs.js';

describe('WrittenOutputs', () => {
  const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  let directory: string;
  let written: WrittenOutputs;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'written-'));
    const declared = { map: { schema: {} }, note: { schema: {} } };
    written = new WrittenOutputs(directory, declared, new AbortController(), silent);
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const restored = {
    id: 'map',
    path: '/of/an/earlier/run/map',
    size: 5,
    sha256: 'a'.repeat(64),
    mediaType: 'text/plain',
  };

  it('gives a step what it wrote in the form in which it is kept, and takes it back at a replay', async () => {
    expect(written.records(['map'])).toEqual([]);
    await written.write('map', 'bytes', { mediaType: 'text/plain' });
    const records = written.records(['map', 'note']);
    expect(records).toMatchObject([{ id: 'map', path: join(directory, 'map'), size: 5, mediaType: 'text/plain' }]);
    const replay = new WrittenOutputs(directory, { map: { schema: {} } }, new AbortController(), silent);
    replay.restore(records);
    expect(replay.files).toEqual(written.files);
  });

  it('counts a restored output as written', async () => {
    written.restore([restored]);
    expect([...written.files.keys()]).toEqual(['map']);
    await expect(written.write('map', 'again')).rejects.toThrow('written twice');
  });

  it('lets another attempt write what a failed one wrote', async () => {
    await written.write('map', 'first');
    await written.withdraw(['map', 'note']);
    expect(existsSync(join(directory, 'map'))).toBe(false);
    await written.write('map', 'second');
    expect(readFileSync(join(directory, 'map'), 'utf8')).toBe('second');
  });

  it('ends a write of the failed attempt, so that it cannot replace what the next one writes', async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        yield Buffer.from('first');
        await new Promise(setImmediate);
      }
    }
    const first = written.write('map', endless());
    await written.withdraw(['map']);
    await expect(first).rejects.toThrow('aborted');
    await written.write('map', 'second');
    expect(readFileSync(join(directory, 'map'), 'utf8')).toBe('second');
  });

  it('leaves the file of a step on record where it is', async () => {
    await written.write('map', 'bytes');
    written.records(['map']);
    await written.withdraw(['map']);
    expect([written.files.has('map'), written.isOwn('map')]).toEqual([false, false]);
    expect(existsSync(join(directory, 'map'))).toBe(true);
  });
});
