import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from '../harness/client.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

const EXAMPLE = resolve('examples/host-application');
const PROBLEM = /^application\/problem\+json$/;
const data = temporaryDirectory('host');

/** The example as a user starts it: built by its own script, one process, its own settings. */
class HostApplication {
  private constructor(
    private readonly child: ChildProcess,
    readonly origin: string,
  ) {}

  static async start(settings: Record<string, string>): Promise<HostApplication> {
    const { PATH, HOME } = process.env;
    const child = spawn(process.execPath, ['dist/main.js'], {
      cwd: EXAMPLE,
      env: { PATH, HOME, PORT: '0', ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said: string[] = [];
    createInterface({ input: child.stderr }).on('line', (line) => said.push(line));
    const listening = new Promise<string>((found, fail) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        said.push(line);
        const origin = /listens on (http:\S+)/.exec(line)?.[1];
        if (origin !== undefined) found(origin);
      });
      child.once('exit', () => fail(new Error(`the host application ended:\n${said.slice(-20).join('\n')}`)));
    });
    return new HostApplication(child, await listening);
  }

  async stop(): Promise<number | NodeJS.Signals | null> {
    const ended = once(this.child, 'exit');
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill('SIGTERM');
      await ended;
    }
    return this.child.exitCode ?? this.child.signalCode;
  }
}

describe('a Nest application that embeds Sluice (examples/host-application)', () => {
  let host: HostApplication;
  let api: Client;

  beforeAll(async () => {
    execFileSync('npm', ['run', '--silent', 'prestart'], { cwd: EXAMPLE, stdio: 'pipe' });
    host = await HostApplication.start({ DATA_DIR: data.path });
    api = new Client(`${host.origin}/ogc`);
  }, 180_000);

  afterAll(async () => {
    await host?.stop();
    data.remove();
  }, 60_000);

  it('keeps its own routes and their way of reporting errors', async () => {
    const station = await fetch(`${host.origin}/stations/pass`);
    expect(await station.json()).toMatchObject({ id: 'pass', elevation: 1737.5 });
    const unknown = await fetch(`${host.origin}/stations/none`);
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toMatchObject({ statusCode: 404, error: 'Not Found' });
  });

  it('offers its processes below the prefix, and with catalog: false no others', async () => {
    const { processes } = await api.getJson<{ processes: { id: string }[] }>('/processes');
    expect(processes.map(({ id }) => id)).toEqual(['elevation', 'elevation-profile']);
  });

  it.each(['', '/processes', '/processes/elevation', '/jobs'])('links within the prefix in %j', async (path) => {
    const { links } = await api.getJson<{ links: { href: string; rel: string }[] }>(path);
    expect(links.find(({ rel }) => rel === 'self')?.href).toBe(api.base + path);
    const own = links.filter(({ href }) => href.startsWith(host.origin));
    for (const { href } of own) expect(href.startsWith(api.base)).toBe(true);
    const readable = own.filter(({ rel }) => !rel.endsWith('/execute'));
    for (const { href } of readable) {
      const response = await fetch(href);
      // Read to its end: an answer that nobody takes keeps its connection, and with it the host, from closing.
      await response.arrayBuffer();
      expect([href, response.status]).toEqual([href, 200]);
    }
  });

  it('describes the API, and nothing of the host, with the prefix as its server', async () => {
    const document = await api.getJson<{ servers: { url: string }[]; paths: object }>('/api?f=json');
    expect(document.servers).toEqual([{ url: api.base }]);
    expect(Object.keys(document.paths)).toContain('/processes');
    expect(Object.keys(document.paths).filter((path) => path.includes('stations'))).toEqual([]);
  });

  it('runs an inline process with an injected provider synchronously', async () => {
    const response = await api.execute('elevation', { inputs: { longitude: 8.5, latitude: 46.5 } });
    expect(response.status).toBe(200);
    expect(await response.json()).toBe(1737.5);
  });

  it('runs a process with an injected provider in an executor, synchronously and as a job', async () => {
    const heights = [505, 942.5, 1380, 1737.5, 2095, 1460, 825];
    const sync = await api.execute('elevation-profile', { inputs: { latitude: 46.5 } });
    expect(await sync.json()).toEqual(heights);
    expect(sync.headers.get('link')).toContain(`<${api.base}/jobs/`);

    const accepted = await api.execute(
      'elevation-profile',
      { inputs: { latitude: 46.5 } },
      { prefer: 'respond-async' },
    );
    expect(accepted.status).toBe(201);
    const { jobID } = (await accepted.json()) as { jobID: string };
    expect(accepted.headers.get('location')).toBe(`${api.base}/jobs/${jobID}`);
    expect((await api.ended(jobID)).status).toBe('successful');
    expect(await api.getJson(`/jobs/${jobID}/results`)).toEqual(heights);
    const { lines } = await api.getJson<{ lines: { message: string }[] }>(`/jobs/${jobID}/logs`);
    expect(lines.map(({ message }) => message)).toContain('Profile made');
  });

  it.each<[string, () => Promise<Response>, number]>([
    ['an unknown process', () => api.get('/processes/none'), 404],
    ['wrong inputs', () => api.execute('elevation', { inputs: { longitude: 'east' } }), 400],
    ['inputs that the process rejects', () => api.execute('elevation', { inputs: { longitude: 1, latitude: 1 } }), 400],
    ['a body that is no JSON', () => api.execute('elevation', '{'), 400],
    ['a body of another kind', () => api.execute('elevation', 'a,b', { 'content-type': 'text/csv' }), 415],
    ['a wrong query parameter', () => api.get('/jobs?limit=none'), 400],
  ])('answers %s with a problem document', async (_, request, status) => {
    const response = await request();
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toMatch(PROBLEM);
    expect(await response.json()).toMatchObject({ status, type: expect.stringContaining('http') });
  });

  it('takes bodies up to MAX_BODY, whatever limit the host has', async () => {
    const body = ' '.repeat(3 * 1024 * 1024) + JSON.stringify({ inputs: { longitude: 8, latitude: 46 } });
    const response = await api.execute('elevation', body);
    expect([response.status, await response.json()]).toEqual([200, 1640]);
  });

  it('ends on SIGTERM', async () => {
    expect(await host.stop()).toBe('SIGTERM');
  }, 60_000);
});
