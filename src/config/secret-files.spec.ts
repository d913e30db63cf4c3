import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings } from './load-settings.js';
import { joinSettings, readSecretFiles, SECRET_SETTINGS } from './secret-files.js';
import { InvalidSettingsError } from './settings.js';

const KEY = Buffer.alloc(32, 1).toString('base64');

describe('secrets as files', () => {
  let directory: string;
  const file = (name: string, text: string) => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sluice-secrets-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('are settings, without the white space around them', () => {
    const settings = loadSettings(
      {
        DATABASE_URL_FILE: file('database', 'postgres://u:p@db/x\n'),
        SECRET_KEYS_FILE: file('keys', ` new:${KEY}\nold:${KEY}\n`),
        CALLBACK_SECRET_FILE: file('callbacks', 'sixteen letters!\n'),
      },
      directory,
    );
    expect(settings).toMatchObject({
      DATABASE_URL: 'postgres://u:p@db/x',
      SECRET_KEYS: [{ id: 'new' }, { id: 'old' }],
      CALLBACK_SECRET: 'sixteen letters!',
    });
  });

  it('are refused beside the setting itself, and when they cannot be read, all faults at once', () => {
    const wrong = {
      DATABASE_URL: 'postgres://u:p@db/x',
      DATABASE_URL_FILE: file('database', 'x'),
      REDIS_URL_FILE: join(directory, 'nowhere'),
      SECRET_KEYS_FILE: file('empty', '\n'),
    };
    expect(() => readSecretFiles(wrong)).toThrow(InvalidSettingsError);
    expect(() => readSecretFiles(wrong)).toThrow(
      /DATABASE_URL and DATABASE_URL_FILE are both set[^]*REDIS_URL_FILE names[^]*ENOENT[^]*SECRET_KEYS_FILE names[^]*empty/,
    );
  });

  it('exist for secrets only', () =>
    expect(readSecretFiles({ PORT_FILE: '/nowhere', LOG_FILE: '/nowhere' })).toEqual({
      ...{ PORT_FILE: '/nowhere', LOG_FILE: '/nowhere' },
    }));

  it.each(SECRET_SETTINGS)('hide what an earlier place says of %s, and are hidden by a later one', (name) => {
    const [value, path] = [{ [name]: 'value' }, { [`${name}_FILE`]: 'path' }];
    expect(joinSettings([value, path])).toEqual(path);
    expect(joinSettings([path, value])).toEqual(value);
    expect(joinSettings([{ ...value, PORT: '1' }, { PORT: '2' }])).toEqual({ ...value, PORT: '2' });
  });
});
