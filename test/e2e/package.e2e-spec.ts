import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from '../harness/client.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

interface Manifest {
  readonly peerDependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
}

interface LockedPackage {
  readonly dev?: boolean;
}

const root = temporaryDirectory('package');
const project = join(root.path, 'project');
const inProject = (...path: string[]) => join(project, ...path);
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;

/** A program of the project, without anything of the environment that could lead back to this repository. */
function environment(settings: Record<string, string> = {}): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env;
  return { PATH, HOME, PORT: '0', ...settings };
}

function runInProject(command: string, ...args: string[]): string {
  return execFileSync(command, args, { cwd: project, env: environment(), encoding: 'utf8', stdio: 'pipe' });
}

/**
 * The packages that the installation needs, as they are here; npm then finds them present and asks no registry. Those
 * that only the development of this repository needs stay out, so that one that is missing in `dependencies` is missed.
 */
function bringPackages(tools: readonly string[]): void {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, LockedPackage>;
  };
  for (const [place, { dev }] of Object.entries(packages)) {
    const isTop = /^node_modules\/(@[^/]+\/)?[^/]+$/.test(place);
    const isNeeded = !dev || tools.some((name) => place === `node_modules/${name}`);
    if (isTop && isNeeded && existsSync(place)) {
      cpSync(place, inProject(place), { recursive: true, verbatimSymlinks: true });
    }
  }
  // npm fetches a package again whose programs are not linked.
  mkdirSync(inProject('node_modules/.bin'));
  for (const program of readdirSync('node_modules/.bin')) {
    const target = readlinkSync(join('node_modules/.bin', program));
    if (existsSync(inProject('node_modules/.bin', target)))
      symlinkSync(target, inProject('node_modules/.bin', program));
  }
}

describe('the package, installed into a project of its own (docs/install.md)', () => {
  let running: ChildProcess | undefined;

  /** Starts a server of the project and resolves with its URL. */
  async function start(command: string, args: string[], settings: Record<string, string>): Promise<string> {
    const child = spawn(command, args, { cwd: project, env: environment(settings), stdio: ['ignore', 'pipe', 'pipe'] });
    running = child;
    const said: string[] = [];
    createInterface({ input: child.stderr }).on('line', (line) => said.push(line));
    return await new Promise<string>((found, fail) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        said.push(line);
        const url = /listens on (http:[^\s"]+)/.exec(line)?.[1];
        if (url !== undefined) found(url);
      });
      child.once('exit', () => fail(new Error(`it ended:\n${said.slice(-20).join('\n')}`)));
    });
  }

  async function stop(): Promise<void> {
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const ended = once(running, 'exit');
    running.kill('SIGTERM');
    await ended;
  }

  beforeAll(() => {
    mkdirSync(project);
    const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', root.path], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
    const [{ filename }] = Object.values(JSON.parse(packed) as Record<string, { filename: string }>);
    const tools = ['typescript', '@types/node', 'undici-types'];
    const devDependencies = Object.fromEntries(
      ['typescript', '@types/node'].map((name) => [name, manifest.devDependencies[name]]),
    );
    writeFileSync(inProject('package.json'), JSON.stringify({ private: true, type: 'module', devDependencies }));
    bringPackages(tools);
    // Neither a registry nor what this user's npm remembers of one.
    const alone = ['--offline', '--cache', join(root.path, 'cache'), '--no-audit', '--no-fund', '--loglevel', 'error'];
    runInProject('npm', 'install', ...alone, join(root.path, filename));
    cpSync('examples/own-processes/rectangle.processes.ts', inProject('rectangle.processes.ts'));
    cpSync('examples/own-processes/tsconfig.json', inProject('tsconfig.json'));
    cpSync('examples/host-application/src', inProject('host', 'src'), { recursive: true });
    cpSync('examples/host-application/tsconfig.json', inProject('host', 'tsconfig.json'));
    for (const config of ['.', 'host']) runInProject(process.execPath, 'node_modules/typescript/bin/tsc', '-p', config);
  }, 300_000);

  afterAll(async () => {
    await stop();
    root.remove();
  }, 60_000);

  it('contains what it needs to run and to be read, and no tests', () => {
    for (const file of [
      'dist/src/index.d.ts',
      'dist/migrations/data-source.js',
      'docs/processes.md',
      '.env.example',
      'LICENSE',
    ]) {
      expect([file, existsSync(inProject('node_modules/sluice', file))]).toEqual([file, true]);
    }
    const listed = runInProject('find', 'node_modules/sluice', '-name', '*spec*', '-o', '-name', '*.tsbuildinfo');
    expect(listed.trim()).toBe('');
  });

  it('shares one copy of the packages that a host application has too', () => {
    for (const name of Object.keys(manifest.peerDependencies)) {
      const tree = runInProject('npm', 'ls', '--all', '--parseable', name).trim().split('\n');
      expect([name, tree.map((path) => path.slice(project.length))]).toEqual([name, [`/node_modules/${name}`]]);
    }
  });

  it('serves a process of the project, and its command line runs it', async () => {
    const settings = { DATA_DIR: 'data', PROCESS_MODULES: 'dist/rectangle.processes.js' };
    const url = await start(inProject('node_modules/.bin/sluice'), ['serve'], settings);
    const client = new Client(url);
    const { processes } = await client.getJson<{ processes: { id: string }[] }>('/processes?limit=100');
    expect(processes.map(({ id }) => id)).toEqual(expect.arrayContaining(['echo', 'rectangle']));
    const args = ['run', 'rectangle', 'width=3', '--out', 'area', '--url', url];
    expect(runInProject('node_modules/.bin/sluice', ...args).trim()).toBe('3');
    const job = await client.submit('rectangle', { width: 4, height: 2 });
    expect((await client.ended(job)).status).toBe('successful');
    await stop();
  }, 120_000);

  it('lives in a Nest application of the project, processes with injected providers included', async () => {
    const url = await start(process.execPath, ['host/dist/main.js'], { DATA_DIR: 'host-data' });
    const client = new Client(`${url}/ogc`);
    const response = await client.execute('elevation-profile', { inputs: { latitude: 46.5 } });
    expect([response.status, await response.json()]).toEqual([200, [505, 942.5, 1380, 1737.5, 2095, 1460, 825]]);
    expect(await (await fetch(`${url}/stations/pass`)).json()).toMatchObject({ elevation: 1737.5 });
    await stop();
  }, 120_000);
});
