import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigModule } from './config.module.js';
import { loadSettings } from './load-settings.js';
import { InvalidSettingsError, Settings } from './settings.js';

describe('loadSettings', () => {
  const before = { ...process.env };
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sluice-env-'));
    for (const name of ['PORT', 'ROLE', 'LEASE']) delete process.env[name];
    await writeFile(join(directory, '.env'), 'PORT=4001\nROLE="api"\n# a comment\nLEASE=20s # another\n');
  });

  afterEach(async () => {
    process.env = { ...before };
    await rm(directory, { recursive: true });
  });

  it('reads the file .env of the directory', () => {
    expect(loadSettings({}, directory)).toMatchObject({ PORT: 4001, ROLE: 'api', LEASE: 20_000 });
  });

  it('lets the environment win over the file, and code over both', () => {
    process.env.PORT = '4002';
    process.env.ROLE = 'worker';
    expect(loadSettings({ PORT: 4003, TRUSTED_PROXIES: ['10.0.0.1', '10.0.0.2'] }, directory)).toMatchObject({
      PORT: 4003,
      ROLE: 'worker',
      LEASE: 20_000,
      TRUSTED_PROXIES: ['10.0.0.1', '10.0.0.2'],
    });
  });

  it('needs no file', () => expect(loadSettings({}, join(directory, 'none')).PORT).toBe(3000));

  it('does not write into the environment', () => {
    loadSettings({ ROLE: 'worker' }, directory);
    expect(process.env.ROLE).toBeUndefined();
  });
});

describe(ConfigModule.name, () => {
  it('provides the settings to modules that do not import it', async () => {
    @Module({ providers: [{ provide: 'port', useFactory: ({ PORT }: Settings) => PORT, inject: [Settings] }] })
    class Feature {}
    const module = await Test.createTestingModule({
      imports: [ConfigModule.forRoot({ PORT: 4004 }), Feature],
    }).compile();
    expect(module.get('port', { strict: false })).toBe(4004);
  });

  it('fails the start with the faults of the settings', async () => {
    const module = Test.createTestingModule({ imports: [ConfigModule.forRoot({ LEASE: 'long' })] });
    await expect(module.compile()).rejects.toThrow(InvalidSettingsError);
  });
});
