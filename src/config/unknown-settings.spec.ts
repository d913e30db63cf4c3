import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { settingsSchema } from './settings.schema.js';
import { unknownSettings } from './unknown-settings.js';

describe('unknownSettings', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sluice-unknown-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it.each([
    ['DATA_DRI', 'DATA_DIR'],
    ['DATADIR', 'DATA_DIR'],
    ['port', 'PORT'],
    ['WORKER_CONCURENCY', 'WORKER_CONCURRENCY'],
    ['PROCESS_MODULE', 'PROCESS_MODULES'],
    ['SLUICE_DATA_DIR', 'DATA_DIR'],
    ['SLUICE_LOG_LEVLE', 'LOG_LEVEL'],
  ])('takes %s for %s', async (written, meant) => {
    await writeFile(join(directory, '.env'), `${written}=1\n`);
    expect(unknownSettings(directory)).toEqual([`unknown setting ${written} in .env: did you mean ${meant}?`]);
  });

  it('warns of names that resemble none, and of those of the client commands', async () => {
    await writeFile(join(directory, '.env'), 'COMPOSE_PROJECT_NAME=x\nSLUICE_URL=https://example.org\n');
    expect(unknownSettings(directory)).toEqual([
      'unknown setting COMPOSE_PROJECT_NAME in .env: it has no effect',
      expect.stringMatching(/^SLUICE_URL has no effect in \.env/),
    ]);
  });

  it('says nothing of settings, of comments, or of the environment', async () => {
    const names = Object.keys(settingsSchema.shape);
    await writeFile(join(directory, '.env'), `# DATA_DRI=1\n${names.map((name) => `${name}=`).join('\n')}\n`);
    process.env.DATA_DRI = 'elsewhere';
    try {
      expect(unknownSettings(directory)).toEqual([]);
    } finally {
      delete process.env.DATA_DRI;
    }
  });

  it('needs no file', () => expect(unknownSettings(directory)).toEqual([]));
});
