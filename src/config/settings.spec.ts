import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { settingsSchema } from './settings.schema.js';
import { InvalidSettingsError, Settings } from './settings.js';

function faultsOf(environment: Record<string, string>): readonly string[] {
  try {
    Settings.parse(environment);
  } catch (error) {
    if (error instanceof InvalidSettingsError) return error.faults;
    throw error;
  }
  return [];
}

describe(Settings.name, () => {
  it('has a default for everything that is needed', () => {
    expect(Settings.parse({})).toMatchObject({
      PORT: 3000,
      HOST: '127.0.0.1',
      ROLE: 'all',
      TRUSTED_PROXIES: ['127.0.0.1', '::1'],
    });
  });

  it('reads durations as milliseconds, sizes as bytes, lists and flags', () => {
    const settings = Settings.parse({
      LEASE: '2m',
      JOB_TTL: '1d',
      CANCEL_GRACE: '500ms',
      MAX_BODY: '2MiB',
      CORS_ORIGINS: 'https://a.example, https://b.example,',
      ALLOW_PRIVATE_REFERENCES: 'true',
    });
    expect(settings).toMatchObject({
      LEASE: 120_000,
      JOB_TTL: 86_400_000,
      CANCEL_GRACE: 500,
      MAX_BODY: 2_097_152,
      CORS_ORIGINS: ['https://a.example', 'https://b.example'],
      ALLOW_PRIVATE_REFERENCES: true,
    });
  });

  it('takes an empty variable as not set', () =>
    expect(Settings.parse({ PORT: '', REDIS_URL: '' })).toMatchObject({ PORT: 3000 }));

  it('cuts the slashes at the end of PUBLIC_URL', () =>
    expect(Settings.parse({ PUBLIC_URL: 'https://example.org/ogc//' }).PUBLIC_URL).toBe('https://example.org/ogc'));

  it('lists all faults at once, each by the name of its variable', () => {
    const wrong = {
      PORT: '70000',
      HOST: '0.0.0.0',
      ROLE: 'both',
      PUBLIC_URL: 'ftp://example.org',
      TRUSTED_PROXIES: '127.0.0.1,proxy.example',
      DATABASE_URL: 'mysql://u:S3cret@db',
      REDIS_URL: 'S3cret',
      LEASE: '15',
      MAX_BODY: '64MB',
      ALLOW_PRIVATE_REFERENCES: 'yes',
      LOG_LEVEL: 'loud',
    };
    const faults = faultsOf(wrong);
    expect(faults.map((fault) => fault.split(' ', 1)[0]).sort()).toEqual(Object.keys(wrong).sort());
    expect(() => Settings.parse(wrong)).toThrow(/PORT must be between[^]*LOG_LEVEL must be trace/);
  });

  it('does not repeat what was given, which may be a secret', () => {
    const faults = faultsOf({ DATABASE_URL: 'mysql://u:S3cret@db', REDIS_URL: 'S3cret', PUBLIC_URL: 'S3cret' });
    expect(faults).toHaveLength(3);
    expect(faults.join()).not.toContain('S3cret');
  });

  it.each([
    ['CALLBACK_SECRET', 'too-short'],
    ['CALLBACK_TIMEOUT', '1h'],
    ['CALLBACK_ATTEMPTS', '0'],
    ['EVENTS_HEARTBEAT', '0s'],
  ])('refuses %s=%s', (name, value) => expect(faultsOf({ [name]: value })).toHaveLength(1));

  it.each(['127.0.0.1', '127.8.8.8', '::1', 'localhost'])('listens on the loopback address %s', (host) =>
    expect(faultsOf({ HOST: host })).toEqual([]),
  );

  it.each(['0.0.0.0', '::', '192.0.2.1', 'host.example'])(
    'listens on %s only where the network is said to be trusted',
    (host) => {
      expect(faultsOf({ HOST: host })).toEqual([expect.stringContaining('HOST must be a loopback address')]);
      expect(faultsOf({ HOST: host, TRUSTED_NETWORK: 'false' })).toHaveLength(1);
      expect(faultsOf({ HOST: host, TRUSTED_NETWORK: 'true' })).toEqual([]);
    },
  );
});

describe('.env.example', () => {
  const text = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');
  const lines = text.split('\n');
  const assignments = lines.map((line) => /^#([A-Z_]+)=(.*)$/.exec(line)).filter((match) => match !== null);

  it('shows every setting once, in the order of the schema', () => {
    expect(assignments.map(([, name]) => name)).toEqual(Object.keys(settingsSchema.shape));
  });

  it('shows the defaults', () => {
    const defaults = Settings.parse({});
    for (const [, name, value] of assignments) {
      expect({ name, value: Settings.parse({ [name]: value })[name as keyof Settings] }).toEqual({
        name,
        value: defaults[name as keyof Settings],
      });
      const isOptional = defaults[name as keyof Settings] === undefined || name === 'PROCESS_MODULES';
      expect({ name, isEmpty: value === '' }).toEqual({ name, isEmpty: isOptional });
    }
  });

  it('explains every setting in a comment above it, and sets nothing by itself', () => {
    for (const [assignment] of assignments) expect(lines[lines.indexOf(assignment) - 1]).toMatch(/^# \S/);
    expect(lines.filter((line) => line !== '' && !line.startsWith('#'))).toEqual([]);
  });
});
