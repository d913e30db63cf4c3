import { resolve } from 'node:path';
import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { type Backend, eventually, RedisServer } from './backends.js';
import { Client } from './client.js';
import type { PostgresServer } from './postgres.js';
import { Service } from './service.js';
import { temporaryDirectory } from './temporary-directory.js';

const FIXTURES = ['probe-processes.mjs', 'fault-processes.mjs'].map((file) => resolve('test/fixtures', file));

/** Short intervals, so that recovery comes quickly; none of them is asserted. */
const SETTINGS = {
  PROCESS_MODULES: FIXTURES.join(','),
  DATABASE_POOL: '4',
  EXECUTOR_WARM: '0',
  WORKER_CONCURRENCY: '2',
  SYNC_CONCURRENCY: '2',
  LEASE: '3s',
  SUPERVISOR_INTERVAL: '500ms',
  CANCEL_GRACE: '1s',
  SHUTDOWN_GRACE: '1s',
};

export interface HistoryEvent {
  readonly seq: number;
  readonly type: string;
  readonly data: Record<string, unknown> | null;
}

export interface JobRow {
  readonly id: string;
  readonly state_type: string;
  readonly state_name: string;
  readonly message: string | null;
  readonly epoch: number;
  readonly seq: number;
  readonly recoveries: number;
  readonly worker_id: string | null;
  readonly inputs: Record<string, unknown>;
}

/** What the processes of the fixtures wrote down, by job. */
export interface JournalLine {
  readonly what: string;
  readonly job: string;
  readonly pid: number;
}

/**
 * Everything one scenario runs on: a database (or the embedded one), a queue, a data directory, and the operating-system
 * processes of the service. `close` ends them all.
 */
export class Site {
  private readonly place = temporaryDirectory('site');
  private readonly services: Service[] = [];

  private constructor(
    /** DATABASE_URL of its nodes; undefined for a site whose service brings its own. */
    readonly databaseUrl: string | undefined,
    /** The Redis of this site, when its queue is on Redis. */
    readonly redis: RedisServer | undefined,
    private readonly settings: Record<string, string>,
  ) {}

  /** Opens a site on a new database of `postgres`, with the queue on the given backend. */
  static async open(
    postgres: PostgresServer,
    backend: Backend = 'postgres',
    settings: Record<string, string> = {},
  ): Promise<Site> {
    const redis = backend === 'redis' ? await RedisServer.start() : undefined;
    return new Site(await postgres.createDatabase(), redis, settings);
  }

  /** Opens a site whose service brings its own database. */
  static openEmbedded(settings: Record<string, string> = {}): Site {
    return new Site(undefined, undefined, settings);
  }

  /** Starts a node with an API, and with a worker in it unless ROLE says otherwise. */
  async api(settings: Record<string, string> = {}): Promise<Service> {
    const service = this.spawn(settings);
    await service.logged(/^Sluice listens on /);
    return service;
  }

  async worker(settings: Record<string, string> = {}): Promise<Service> {
    const service = this.spawn(settings, 'worker.js');
    await service.logged(/^A worker takes up to /);
    return service;
  }

  /** Starts an API without a worker in it, and workers beside it, all at once. */
  async nodes(workers: number): Promise<{ api: Service; client: Client; workers: Service[] }> {
    const started = Array.from({ length: workers }, () => this.worker());
    const api = await this.api({ ROLE: 'api' });
    return { api, client: clientOf(api), workers: await Promise.all(started) };
  }

  /** Starts a process without waiting for it. */
  spawn(settings: Record<string, string> = {}, entry = 'main.js'): Service {
    const service = Service.spawn(
      {
        ...SETTINGS,
        DATA_DIR: this.dataDirectory,
        ...(this.databaseUrl !== undefined && { DATABASE_URL: this.databaseUrl }),
        ...(this.redis && { REDIS_URL: this.redis.url }),
        ...this.settings,
        ...settings,
      },
      entry,
    );
    this.services.push(service);
    return service;
  }

  get dataDirectory(): string {
    return this.path('data');
  }

  /** Where the processes of the fixtures write what they do. */
  get journal(): string {
    return this.path('journal');
  }

  path(name: string): string {
    return resolve(this.place.path, name);
  }

  async journalLines(): Promise<JournalLine[]> {
    const text = await readFile(this.journal, 'utf8').catch(() => '');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [what, job, pid] = line.split(' ');
        return { what, job, pid: Number(pid) };
      });
  }

  /** Waits until the code of a job has written a line for the n-th time. @returns the process id it ran in */
  noted(jobId: string, what: string, times = 1): Promise<number> {
    const look = async () =>
      (await this.journalLines()).filter((line) => line.job === jobId && line.what === what)[times - 1]?.pid;
    return eventually(look, `job ${jobId} wrote "${what}" ${times} time(s)`);
  }

  /** Runs one statement on a connection of its own, past the service. */
  async query<Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> {
    const client = this.connection();
    await client.connect();
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** An unconnected client on the database of this site. */
  connection(): pg.Client {
    const client = new pg.Client({ connectionString: this.databaseUrl, options: '-c search_path=sluice' });
    client.on('error', () => undefined);
    return client;
  }

  /** A pool that BullMQ takes for its connection. */
  queuePool(): pg.Pool {
    return new pg.Pool({ connectionString: this.databaseUrl, options: '-c search_path=bullmq', max: 3 });
  }

  async row(jobId: string): Promise<JobRow> {
    const [row] = await this.query<JobRow>('SELECT * FROM job WHERE id = $1', [jobId]);
    if (row === undefined) throw new Error(`there is no job ${jobId}`);
    return row;
  }

  rows(): Promise<JobRow[]> {
    return this.query<JobRow>('SELECT * FROM job');
  }

  history(jobId: string): Promise<HistoryEvent[]> {
    return this.query<HistoryEvent>('SELECT seq, type, data FROM job_event WHERE job_id = $1 ORDER BY seq', [jobId]);
  }

  /** The worker, of those given, that runs a job, or the task of it that began last with a worker of its own. */
  async holder(jobId: string, workers: readonly Service[]): Promise<Service> {
    const [{ worker_id: id }] = await this.query<{ worker_id: string | null }>(
      `SELECT coalesce((SELECT worker_id FROM task_run t WHERE job_id = $1 AND t.lease_until IS NOT NULL
         AND t.state_type = 'RUNNING' ORDER BY started_at DESC LIMIT 1), worker_id) AS worker_id FROM job WHERE id = $1`,
      [jobId],
    );
    const pid = Number(id?.split(':')[1]);
    const holder = workers.find((worker) => worker.pid === pid);
    if (holder === undefined) throw new Error(`no worker of this test runs job ${jobId}`);
    return holder;
  }

  /** How often a job and its tasks have lost their workers or executors. */
  async recoveries(jobId: string): Promise<number> {
    const [{ lost }] = await this.query<{ lost: number }>(
      `SELECT recoveries + coalesce((SELECT sum(recoveries) FROM task_run WHERE job_id = $1), 0)::int AS lost
       FROM job WHERE id = $1`,
      [jobId],
    );
    return lost;
  }

  async close(): Promise<void> {
    for (const service of this.services) {
      service.kill('SIGKILL');
      await service.exited();
    }
    await this.redis?.down();
    this.place.remove();
  }
}

/** Speaks to a node. */
export function clientOf(service: Service): Client {
  return new Client(service.url());
}
