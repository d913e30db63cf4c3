import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { PostgresServer } from '../harness/postgres.js';
import { Service } from '../harness/service.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

/** Recovery is quick, and nobody is given up for being killed often. */
const SETTINGS = {
  PROCESS_MODULES: resolve('test/fixtures/soak-processes.mjs'),
  CATALOG: 'false',
  DATABASE_POOL: '6',
  EXECUTOR_WARM: '0',
  WORKER_CONCURRENCY: '8',
  LEASE: '3s',
  SUPERVISOR_INTERVAL: '500ms',
  MAX_RECOVERIES: '100',
  LOG_LEVEL: 'info',
};

/** What the soak test runs on: a PostgreSQL, an API, and workers. */
export class SoakSite {
  private readonly workers: (Service | undefined)[] = [];

  private constructor(
    private readonly place: ReturnType<typeof temporaryDirectory>,
    readonly postgres: PostgresServer,
    private readonly databaseUrl: string,
    readonly api: Service,
  ) {}

  static async open(workers: number): Promise<SoakSite> {
    const place = temporaryDirectory('soak');
    const postgres = await PostgresServer.start();
    const databaseUrl = await postgres.createDatabase();
    const settings = { ...SETTINGS, DATA_DIR: join(place.path, 'data'), DATABASE_URL: databaseUrl };
    const api = await Service.start({ ...settings, ROLE: 'api' });
    const site = new SoakSite(place, postgres, databaseUrl, api);
    await site.query('CREATE TABLE public.soak_effect (job_id uuid NOT NULL, step int NOT NULL)');
    for (let index = 0; index < workers; index += 1) site.startWorker(index);
    return site;
  }

  get journal(): string {
    return join(this.place.path, 'journal');
  }

  /** Kills a worker as a power cut does, not before it has been ready for work, and starts its successor. */
  async killWorker(index: number): Promise<void> {
    const worker = this.workers[index];
    // One that a crash of PostgreSQL has ended is replaced.
    await worker?.logged(/^A worker takes up to /).catch(() => undefined);
    worker?.kill('SIGKILL');
    await worker?.exited();
    this.startWorker(index);
  }

  /** Plain effects, one line of `<job> <step>` each; a line that a kill has cut short is none. */
  async journalLines(): Promise<string[]> {
    const text = await readFile(this.journal, 'utf8').catch(() => '');
    return text.split('\n').filter((line) => /^[0-9a-f-]{36} \d+$/.test(line));
  }

  async query<Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.databaseUrl, options: '-c search_path=sluice' });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** What the nodes said last, for somebody who looks for the cause of a failure. */
  tails(): string {
    return [this.api, ...this.workers].map((service) => service?.tail() ?? '').join('\n');
  }

  async close(): Promise<void> {
    for (const service of [this.api, ...this.workers]) {
      service?.kill('SIGKILL');
      await service?.exited();
    }
    await this.postgres.remove();
    this.place.remove();
  }

  private startWorker(index: number): void {
    const { databaseUrl, place } = this;
    const settings = { ...SETTINGS, DATA_DIR: join(place.path, 'data'), DATABASE_URL: databaseUrl };
    this.workers[index] = Service.spawn(settings, 'worker.js');
  }
}
