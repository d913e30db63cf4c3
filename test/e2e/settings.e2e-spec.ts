import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { eventually, freePort } from '../harness/backends.js';
import { Client } from '../harness/client.js';
import type { Page } from '../harness/pages.js';
import { Service } from '../harness/service.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

jest.setTimeout(60_000);

describe('Settings', () => {
  const directory = temporaryDirectory('e2e-settings');
  afterAll(() => directory.remove());

  it.each(['main.js', 'worker.js'])(
    '%s lists all faults at once, by variable name, and ends with code 1',
    async (entry) => {
      const service = Service.spawn(
        {
          PORT: '70000',
          HOST: '0.0.0.0',
          ROLE: 'boss',
          DATABASE_URL: 'mysql://u:S3cret@localhost',
          JOB_TIMEOUT: '5',
          MAX_BODY: '10 MB',
          LOG_LEVEL: 'loud',
          DATA_DIR: join(directory.path, 'never'),
        },
        entry,
      );
      expect(await service.exited()).toBe(1);
      const faulty = [...service.errors.matchAll(/^ {2}- (\w+) must /gm)].map(([, name]) => name).sort();
      // A worker's role is set by its entry point.
      const expected = ['DATABASE_URL', 'HOST', 'JOB_TIMEOUT', 'LOG_LEVEL', 'MAX_BODY', 'PORT', 'ROLE'];
      expect(faulty).toEqual(entry === 'worker.js' ? expected.filter((name) => name !== 'ROLE') : expected);
      expect(service.errors).not.toContain('S3cret');
      expect(service.errors).not.toMatch(/^\s+at /m);
      await expect(stat(join(directory.path, 'never'))).rejects.toThrow('ENOENT');
    },
  );

  it('says clearly that the port is taken, ends with code 1 and stops the database it started', async () => {
    const occupant = createServer().listen(0, '127.0.0.1');
    await once(occupant, 'listening');
    const { port } = occupant.address() as { port: number };
    try {
      const data = join(directory.path, 'port');
      const service = Service.spawn({ PORT: String(port), DATA_DIR: data });
      expect(await service.exited()).toBe(1);
      expect(service.errors).toMatch(new RegExp(`${port}`));
      expect(service.errors).toMatch(/PORT/);
      expect(service.errors).not.toMatch(/^\s+at /m);
      const left = await readFile(join(data, 'postgres', 'cluster', 'postmaster.pid'), 'utf8').catch(() => undefined);
      expect(left).toBeUndefined();
    } finally {
      occupant.close();
    }
  });

  it('a process module that is missing or wrong fails the start with what to do', async () => {
    const missing = Service.spawn({ DATA_DIR: join(directory.path, 'never'), PROCESS_MODULES: './no-such-file.mjs' });
    expect(await missing.exited()).toBe(1);
    expect(missing.errors).toMatch(/no-such-file\.mjs/);
    expect(missing.errors).not.toMatch(/^\s+at /m);
  });

  describe('a start that fails because of a process definition', () => {
    const PROCESS_MODULES = resolve('test/fixtures/wrong-processes.mjs');
    const fail = async (settings: Record<string, string> = {}, cwd?: string) => {
      const DATA_DIR = join(directory.path, 'definition');
      const service = Service.spawn({ DATA_DIR, PROCESS_MODULES, ...settings }, 'main.js', [], cwd);
      expect(await service.exited()).toBe(1);
      expect(service.errors).toMatch(/outputs: is empty; a process has at least one output/);
      return service;
    };

    it('says what to do once, on standard error, without a stack and without a word of the framework', async () => {
      const { errors, lines } = await fail();
      expect(errors.length).toBeLessThan(400);
      expect(errors).not.toMatch(/^\s+at |nestjs/m);
      expect(lines.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
      expect(JSON.stringify(lines)).not.toContain('ExceptionHandler');
    });

    it('says it in the log file as well', async () => {
      await fail({ LOG_FILE: join(directory.path, 'failed.log') });
      const logged = (await readFile(join(directory.path, 'failed.1.log'), 'utf8')).trim().split('\n');
      const last = JSON.parse(logged.at(-1)!) as { level: string; msg: string; err?: unknown };
      expect(last).toMatchObject({ level: 'fatal', msg: expect.stringContaining('outputs: is empty') });
      expect(logged.join()).not.toContain('stack');
    });

    it('has warned before of names in .env that are no settings, with the one that was probably meant', async () => {
      const home = join(directory.path, 'misspelt');
      await mkdir(home);
      await writeFile(join(home, '.env'), 'JOB_TLL=1d\n');
      const { lines } = await fail({}, home);
      const said = lines.filter(({ context, level }) => context === 'Settings' && level === 'warn');
      expect(said.map(({ msg }) => msg)).toEqual(['unknown setting JOB_TLL in .env: did you mean JOB_TTL?']);
    });

    it('tells of such names together with the faults of those that are settings', async () => {
      const home = join(directory.path, 'misspelt-and-wrong');
      await mkdir(home);
      await writeFile(join(home, '.env'), 'JOB_TLL=1d\nCORS_ORIGINS=example.org\n');
      const service = Service.spawn({ DATA_DIR: join(directory.path, 'never') }, 'main.js', [], home);
      expect(await service.exited()).toBe(1);
      expect(service.errors).toMatch(/CORS_ORIGINS must be \* or list origins/);
      expect(service.errors).toMatch(/unknown setting JOB_TLL in .env: did you mean JOB_TTL\?/);
    });

    it('shows the stack with LOG_LEVEL=debug', async () => {
      expect((await fail({ LOG_LEVEL: 'debug' })).errors).toMatch(/^\s+at .*process-explorer/m);
    });
  });

  describe('from .env, with PUBLIC_URL, CORS_ORIGINS and a log file', () => {
    const home = join(directory.path, 'home');
    let service: Service;
    let client: Client;

    beforeAll(async () => {
      await mkdir(home);
      const port = await freePort();
      await writeFile(
        join(home, '.env'),
        [
          '# The environment wins over this file',
          'PORT=1',
          'LOG_LEVEL=error',
          `DATA_DIR=${join(home, 'data')}`,
          'PUBLIC_URL=https://ogc.example.org/api/',
          'CORS_ORIGINS=https://map.example.org, https://other.example.org',
          'LOG_FILE=logs/sluice.log',
          'LOG_FILE_SIZE=2KiB',
          'LOG_FILE_COUNT=3',
        ].join('\n'),
      );
      service = Service.spawn({ PORT: String(port), LOG_LEVEL: 'debug' }, 'main.js', [], home);
      client = new Client(`http://127.0.0.1:${port}`);
      const ready = async () => {
        if (!service.running) throw new Error(`the service ended:\n${service.tail()}`);
        return (await client.get('/health/ready').catch(() => undefined))?.ok || undefined;
      };
      await eventually(ready, 'the service is ready');
    });
    afterAll(() => service.stop());

    it('the file is read, and the environment wins over it', async () => {
      expect((await stat(join(home, 'data'))).isDirectory()).toBe(true);
      expect((await client.get('/')).status).toBe(200);
    });

    it('a second service on the same DATA_DIR is refused with a message that says so', async () => {
      const second = Service.spawn({ DATA_DIR: join(home, 'data') });
      expect(await second.exited()).toBe(1);
      expect(second.errors).toContain(join(home, 'data'));
      expect(second.errors.trim().split('\n')).toHaveLength(1);
      expect(second.lines.filter(({ level }) => level === 'error')).toEqual([]);
      expect(second.errors).not.toMatch(/^\s+at /m);
      expect((await client.get('/health/ready')).status).toBe(200);
    });

    it('every link starts with PUBLIC_URL, whatever the request says', async () => {
      for (const path of ['/', '/processes', '/processes/echo', '/jobs']) {
        const response = await client.get(path, { 'x-forwarded-host': 'evil.example.org' });
        const { links } = (await response.json()) as Page;
        for (const { href, rel } of links.filter((link) => link.rel !== 'profile')) {
          expect([rel, href]).toEqual([rel, expect.stringMatching(/^https:\/\/ogc\.example\.org\/api(\/|$)/)]);
        }
      }
      const accepted = await client.execute('hello-world', { inputs: { name: 'Ada' } }, { prefer: 'respond-async' });
      expect(accepted.headers.get('location')).toMatch(/^https:\/\/ogc\.example\.org\/api\/jobs\//);
      await accepted.text();
    });

    it('only the listed origins may read', async () => {
      const allowed = async (origin: string) =>
        (await client.get('/', { origin })).headers.get('access-control-allow-origin');
      expect(await allowed('https://map.example.org')).toBe('https://map.example.org');
      expect(await allowed('https://other.example.org')).toBe('https://other.example.org');
      expect(await allowed('https://evil.example.org')).not.toBe('https://evil.example.org');
    });

    it('the log rolls over at its size, and only as many files as allowed are kept', async () => {
      for (let n = 0; n < 60; n += 1) await (await client.get(`/processes?limit=${n + 1}`)).text();
      const files = async () => (await readdir(join(home, 'logs'))).sort();
      const rolled = async () => {
        const names = await files();
        return names.length === 3 && !names.includes('sluice.1.log') ? names : undefined;
      };
      const names = await eventually(rolled, 'three log files, the first one gone');
      expect(names.every((name) => /^sluice\.\d+\.log$/.test(name))).toBe(true);
      for (const name of names) {
        const lines = (await readFile(join(home, 'logs', name), 'utf8')).trim().split('\n').filter(Boolean);
        for (const line of lines)
          expect(JSON.parse(line)).toMatchObject({ level: expect.any(String), time: expect.any(String) });
      }
    });
  });
});
