import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { adoptFile, outputFileName, writeFileOnce } from './output-file.js';

const never = new AbortController().signal;
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('output files', () => {
  let directory: string;
  beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'output-'))));
  afterEach(() => rm(directory, { recursive: true }));

  it.each(['..', '.', '', '../x', '/etc/passwd', 'a/b', 'a\\b', 'a\u0000', 'CON:', 'Result', 'x'.repeat(500)])(
    'names the file of output %j inside the directory',
    (id) => {
      const name = outputFileName(id);
      expect(basename(name)).toBe(name);
      expect(name).toMatch(/^[A-Za-z0-9_-]+-[0-9a-f]{16}$|^-[0-9a-f]{16}$/);
      expect(name.length).toBeLessThan(64);
    },
  );

  it('names a plain output as it is called, and different ids differently', () => {
    expect(outputFileName('result')).toBe('result');
    expect(outputFileName('Result').toLowerCase()).not.toBe('result');
    expect(outputFileName('a/b')).not.toBe(outputFileName('a.b'));
  });

  it.each([
    ['text', 'Ἑλλάς'],
    ['bytes', Buffer.from('Ἑλλάς')],
    ['a stream', Readable.from([Buffer.from('Ἑλλ'), 'άς'])],
  ])('writes %s and knows size and hash', async (_kind, content) => {
    const path = join(directory, 'outputs', 'result');
    expect(await writeFileOnce(path, content, never)).toEqual({ size: 11, sha256: sha256('Ἑλλάς') });
    expect(await readFile(path, 'utf8')).toBe('Ἑλλάς');
  });

  it('leaves nothing when the content fails or is of no kind that can be written', async () => {
    const failing = Readable.from(
      (function* () {
        yield Buffer.from('half');
        throw new Error('source lost');
      })(),
    );
    await expect(writeFileOnce(join(directory, 'a'), failing, never)).rejects.toThrow('source lost');
    const numbers = Readable.from([1, 2]) as AsyncIterable<never>;
    await expect(writeFileOnce(join(directory, 'b'), numbers, never)).rejects.toThrow('bytes or text');
    expect(await readdir(directory)).toEqual([]);
  });

  it('stops at the signal, even while the content stands still', async () => {
    const controller = new AbortController();
    const writing = writeFileOnce(
      join(directory, 'a'),
      new Readable({ read: () => controller.abort() }),
      controller.signal,
    );
    await expect(writing).rejects.toThrow('aborted');
    expect(await readdir(directory)).toEqual([]);
  });

  it('moves a file and refuses a link', async () => {
    const made = join(directory, 'made');
    await writeFile(made, 'made');
    await symlink(made, join(directory, 'link'));
    await expect(adoptFile(join(directory, 'link'), join(directory, 'x'), never)).rejects.toThrow('regular file');
    expect(await adoptFile(made, join(directory, 'x'), never)).toEqual({ size: 4, sha256: sha256('made') });
    expect((await readdir(directory)).sort()).toEqual(['link', 'x']);
  });
});
