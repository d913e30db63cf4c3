import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DCLinter } from 'dclint';
import { parse as parseYaml } from 'yaml';
import { SECRET_FILES } from '../../src/config/secret-files.js';
import { Settings } from '../../src/config/settings.js';
import { settingsSchema } from '../../src/config/settings.schema.js';
import { ComposeFile, interpolate } from '../harness/compose-file.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

const PATH = 'docker/compose.yaml';
const EXAMPLE = readFileSync('docker/.env.example', 'utf8');
/** As if the comment signs were taken off all lines. */
const EVERYTHING_SET = EXAMPLE.replaceAll(/^#([A-Z_]+=)/gm, '$1');

const compose = ComposeFile.read(PATH, EXAMPLE);
const OURS = ['api', 'migrate', 'worker'];
const ONE_SHOT = ['bucket', 'migrate'];

/** `2g`, `512m` as bytes. */
function bytes(memory: string | number): number {
  const [, amount, unit] = /^(\d+)([mg])$/.exec(String(memory)) as unknown as [string, string, 'm' | 'g'];
  return Number(amount) * { m: 1024 ** 2, g: 1024 ** 3 }[unit];
}

/** `1m`, `30s` as milliseconds. */
function milliseconds(duration = '10s'): number {
  const [, amount, unit] = /^(\d+)([sm])$/.exec(duration) as unknown as [string, string, 's' | 'm'];
  return Number(amount) * { s: 1_000, m: 60_000 }[unit];
}

interface LintedFile {
  readonly filePath: string;
  readonly messages: readonly { readonly rule: string; readonly line: number }[];
}

/** Names that are used, without those that are declared. */
function missing(used: readonly string[], declared: object): string[] {
  return used.filter((name) => !Object.hasOwn(declared, name));
}

describe(interpolate.name, () => {
  it.each([
    ['$A ${A} $$A', 'a a $A'],
    ['${EMPTY-x}|${EMPTY:-x}|${NONE-x}|${NONE:-x}', '|x|x|x'],
    ['${A:+set}|${EMPTY:+set}|${EMPTY+set}|${NONE+set}', 'set||set|'],
    ['127.0.0.1:${PORT:-3000}:3000', '127.0.0.1:3000:3000'],
  ])('replaces variables as Compose does: %s', (text, expected) => {
    expect(interpolate(text, { A: 'a', EMPTY: '' })).toBe(expected);
  });

  it.each(['$NONE', '${NONE}', '${NONE?say it}', '${EMPTY:?say it}'])('refuses %s, which has no value', (text) => {
    expect(() => interpolate(text, { EMPTY: '' })).toThrow(/is not set/);
  });
});

describe(PATH, () => {
  it('is valid by the Compose Specification, and without a finding of the linter', () => {
    const rules = {
      // Of the image that is built here, the name is of use.
      'no-build-and-image': 0,
      // Services and keys stand in the order in which they are understood.
      'top-level-properties-order': 0,
      'services-alphabetical-order': 0,
      'service-keys-order': 0,
      'service-dependencies-alphabetical-order': 0,
      'service-image-require-explicit-tag': 0,
      'require-quotes-in-ports': [2, { quoteType: 'single' }],
    } as const;
    const config = { rules, quiet: false, debug: false, exclude: [] } as never;
    // The types of the package cannot be read as those of an ES module.
    const results = new DCLinter(config).lintFiles([PATH], false) as LintedFile[];
    expect(results.map(({ filePath }) => filePath)).toEqual([PATH]);
    expect(results.flatMap(({ messages }) => messages.map(({ rule, line }) => `${rule} in line ${line}`))).toEqual([]);
  });

  it.each([
    ['untouched', EXAMPLE],
    ['with every line set', EVERYTHING_SET],
  ])('has a value for every variable with .env.example %s, the same in both cases', (_, env) => {
    expect(ComposeFile.read(PATH, env).model).toEqual(compose.model);
  });

  it('takes the variables that .env.example promises', () => {
    const used = new Set([...readFileSync(PATH, 'utf8').matchAll(/\$\{(\w+)/g)].map(([, name]) => name));
    const offered = [...EXAMPLE.matchAll(/^#([A-Z_]+)=/gm)].map(([, name]) => name);
    expect([...used].filter((name) => !offered.includes(name))).toEqual([]);
    expect(offered.filter((name) => !used.has(name) && !(name in settingsSchema.shape))).toEqual([]);
    const changed = ComposeFile.read(
      PATH,
      'SLUICE_PORT=8080\nWORKERS=5\nWORKER_MEMORY=3g\nSLUICE_IMAGE=r.example/s:2\n',
    );
    expect(changed.service('api')).toMatchObject({ ports: ['127.0.0.1:8080:3000'], image: 'r.example/s:2' });
    expect(changed.service('worker').deploy).toMatchObject({ replicas: '5', resources: { limits: { memory: '3g' } } });
  });

  it('names only services, networks, volumes, secrets and configs that it declares, and files that exist', () => {
    const { services, networks, volumes, secrets, configs } = compose.model;
    for (const [name, service] of compose.services) {
      expect([name, missing(Object.keys(service.depends_on ?? {}), services)]).toEqual([name, []]);
      expect([name, missing(service.networks ?? [], networks)]).toEqual([name, []]);
      expect([name, missing(service.secrets ?? [], secrets)]).toEqual([name, []]);
      expect([
        name,
        missing(
          (service.configs ?? []).map(({ source }) => source),
          configs,
        ),
      ]).toEqual([name, []]);
      const named = (service.volumes ?? []).flatMap((volume) =>
        typeof volume === 'string' ? [volume.split(':')[0]] : (volume.source ?? []),
      );
      expect([name, missing(named, volumes)]).toEqual([name, []]);
    }
    for (const { file } of Object.values(configs)) expect(statSync(compose.resolve(file)).isFile()).toBe(true);
    const { context, dockerfile } = compose.service('api').build!;
    expect(statSync(join(compose.resolve(context), dockerfile)).isFile()).toBe(true);
  });

  it('gives every service each secret and file that its environment and its command name', () => {
    for (const [name, service] of compose.services) {
      const text = JSON.stringify([service.environment, service.command, service.entrypoint, service.healthcheck]);
      const secrets = [...text.matchAll(/\/run\/secrets\/(\w+)/g)].map(([, secret]) => secret);
      expect([name, secrets.filter((secret) => !service.secrets?.includes(secret))]).toEqual([name, []]);
      const files = [...text.matchAll(/\/etc\/[\w./-]+/g)].map(([file]) => file);
      const targets = (service.configs ?? []).map(({ target }) => target);
      expect([name, files.filter((file) => !targets.includes(file))]).toEqual([name, []]);
    }
  });

  it.each(OURS)('sets only what is a setting of %s, to values that it takes', (name) => {
    const environment = Object.entries(compose.environment(name));
    const isSetting = ([key]: [string, string]) => key in settingsSchema.shape;
    const isFile = ([key]: [string, string]) => SECRET_FILES.some((file) => file === key);
    expect(environment.filter((entry) => !isSetting(entry) && !isFile(entry))).toEqual([]);
    expect(Settings.parse(Object.fromEntries(environment.filter(isSetting)))).toBeDefined();
  });

  it('has its secrets made by make-secrets.sh, which replaces none and lets nobody else into their directory', () => {
    const directory = temporaryDirectory('secrets');
    try {
      const secrets = join(directory.path, 'secrets');
      const make = () => execFileSync('sh', ['docker/make-secrets.sh', secrets]);
      const contents = () =>
        Object.fromEntries(
          Object.entries(compose.model.secrets).map(([name, { file }]) => {
            expect(file).toBe(`./secrets/${name}`);
            return [name, readFileSync(join(secrets, name), 'utf8')];
          }),
        );
      make();
      const first = contents();
      make();
      expect(contents()).toEqual(first);
      expect(new Set(Object.values(first)).size).toBe(Object.keys(compose.model.secrets).length);
      expect(statSync(secrets).mode & 0o777).toBe(0o700);
      for (const name of Object.keys(first)) expect(statSync(join(secrets, name)).mode & 0o777).toBe(0o444);

      expect(new URL(first.database_url)).toMatchObject({ username: 'sluice', hostname: 'postgres', port: '5432' });
      expect(new URL(first.database_url).password).toBe(first.postgres_password);
      expect(new URL(first.redis_url).password).toBe(first.redis_password);
      expect(first.redis_auth).toBe(`requirepass ${first.redis_password}`);
      const { callback_secret: CALLBACK_SECRET, database_url: DATABASE_URL, secret_keys: SECRET_KEYS } = first;
      expect(Settings.parse({ CALLBACK_SECRET, DATABASE_URL, SECRET_KEYS }).SECRET_KEYS).toHaveLength(1);
    } finally {
      directory.remove();
    }
  });

  it.each(compose.services)('pins the image of %s and bounds what it may use', (name, service) => {
    if (service.build === undefined) expect(service.image).toMatch(/:(?:\d+\.\d+(?:\.\d+)?-[a-z]+|RELEASE\.[\dTZ-]+)$/);
    const { limits } = service.deploy!.resources;
    expect(Object.keys(limits).sort()).toEqual(['cpus', 'memory', 'pids']);
    expect(bytes(limits.memory)).toBeGreaterThan(0);
    expect(service.logging).toMatchObject({ driver: 'json-file', options: { 'max-size': '10m', 'max-file': '5' } });
    expect([name, service.restart]).toEqual([name, ONE_SHOT.includes(name) ? 'no' : 'unless-stopped']);
  });

  it.each(compose.services)('gives %s a read-only file system and no privileges', (_, service) => {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
    expect(JSON.stringify(service)).not.toMatch(/privileged":true|cap_add|docker\.sock/);
  });

  it.each(compose.services)(
    'tells how it goes with %s, by itself or by the image, unless it ends by itself',
    (name) => {
      const { healthcheck, build } = compose.service(name);
      const checked = healthcheck?.disable !== true && (healthcheck?.test !== undefined || build !== undefined);
      expect(checked).toBe(!ONE_SHOT.includes(name));
    },
  );

  it('publishes the API and nothing else, on the loopback address', () => {
    const published = compose.services.flatMap(([name, { ports }]) => (ports ?? []).map((port) => [name, port]));
    expect(published).toEqual([['api', '127.0.0.1:3000:3000']]);
  });

  it('keeps what holds data in a network that leads nowhere', () => {
    expect(compose.model.networks.data).toMatchObject({ internal: true });
    for (const [name, { networks }] of compose.services) {
      const expected = ['api', 'worker'].includes(name) ? ['data', 'outside'] : ['data'];
      expect([name, networks]).toEqual([name, expected]);
    }
  });

  it('starts nothing before what it needs is there', () => {
    const healthy = { condition: 'service_healthy' };
    const done = { condition: 'service_completed_successfully' };
    expect(compose.service('migrate').depends_on).toEqual({ postgres: healthy });
    expect(compose.service('bucket').depends_on).toEqual({ minio: healthy });
    for (const name of ['api', 'worker']) {
      expect(compose.service(name).depends_on).toEqual({ migrate: done, bucket: done, redis: healthy });
    }
  });

  it('runs one API and two workers of one image, each with a data directory of its own', () => {
    const images = new Set(OURS.map((name) => compose.service(name).image));
    expect(images.size).toBe(1);
    expect(OURS.map((name) => compose.service(name).command)).toEqual([['serve'], ['migrate'], ['worker']]);
    expect(Number(compose.service('worker').deploy?.replicas)).toBe(2);
    for (const name of OURS) expect(compose.service(name).volumes).toEqual([{ type: 'volume', target: '/data' }]);
  });

  it('keeps the queue of Redis on disk and refuses to forget any of it', () => {
    expect(compose.service('redis').command?.join(' ')).toMatch(/--appendonly yes .*--maxmemory-policy noeviction$/);
    expect(compose.service('redis').volumes).toEqual(['redis:/data']);
  });

  it.each(['api', 'worker'])('gives %s the time to hand its jobs back when it is stopped', (name) => {
    const { SHUTDOWN_GRACE } = Settings.parse({ SHUTDOWN_GRACE: compose.environment(name).SHUTDOWN_GRACE });
    // A process ends at the latest 20 seconds after the grace time.
    expect(milliseconds(compose.service(name).stop_grace_period)).toBeGreaterThan(SHUTDOWN_GRACE + 20_000);
  });

  it('gives a worker the memory that its executions may take', () => {
    const { EXECUTOR_MEMORY, WORKER_CONCURRENCY } = compose.environment('worker');
    const settings = Settings.parse({ EXECUTOR_MEMORY, WORKER_CONCURRENCY });
    const needed = settings.WORKER_CONCURRENCY * (settings.EXECUTOR_MEMORY + 256 * 1024 ** 2) + 512 * 1024 ** 2;
    expect(bytes(compose.service('worker').deploy!.resources.limits.memory)).toBeGreaterThanOrEqual(needed);
  });
});

describe('docker/blocks.yaml', () => {
  const text = readFileSync('docker/blocks.yaml', 'utf8');

  it('reads only secrets that the API and the workers have', () => {
    const secrets = [...text.matchAll(/\/run\/secrets\/(\w+)/g)].map(([, name]) => name);
    expect(secrets.length).toBeGreaterThan(0);
    for (const name of ['api', 'worker'])
      expect(compose.service(name).secrets).toEqual(expect.arrayContaining(secrets));
  });

  it('stores in the bucket that the stack makes, where its policy allows it', () => {
    const blocks = parseYaml(text) as Record<string, Record<string, unknown>>;
    const { bucket, endpoint } = blocks['s3/results'];
    const { BUCKET, MINIO_URL } = compose.environment('bucket');
    expect([bucket, endpoint]).toEqual([BUCKET, MINIO_URL]);
    expect(compose.environment('api').STORAGE).toBe('s3/results');
    const policy = JSON.parse(readFileSync('docker/bucket-policy.json', 'utf8')) as {
      Statement: { Resource: string[] }[];
    };
    const resources = policy.Statement.flatMap(({ Resource }) => Resource);
    expect(resources).toEqual([`arn:aws:s3:::${bucket as string}`, `arn:aws:s3:::${bucket as string}/*`]);
  });
});
