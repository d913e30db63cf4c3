import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import pg, { type ClientConfig } from 'pg';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** The compiled project, for tests that need the service in processes of their own. */
const BUILD = process.env.SLUICE_BUILD ?? join(ROOT, 'dist');
const FIXTURE = join(ROOT, 'test', 'fixtures', 'embedded-owner.mjs');
const OWNER_MODULE = pathToFileURL(join(BUILD, 'src', 'database', 'embedded', 'embedded-postgres.js')).href;

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

export interface OwnerOptions {
  readonly uid?: number;
  readonly env?: NodeJS.ProcessEnv;
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

  static launch(directory: string, { uid, env }: OwnerOptions = {}): EmbeddedOwner {
    const child = fork(FIXTURE, [OWNER_MODULE, directory], {
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

  /** Has it stop its server and end. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exit = once(this.child, 'exit');
    this.child.send('stop');
    await exit;
  }
}
