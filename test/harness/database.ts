import { randomBytes, randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import pg from 'pg';
import { Settings } from '../../src/config/settings.js';
import { DATABASE_CONTENTS } from '../../src/database-contents.js';
import { createDataSource, SCHEMA } from '../../src/database/data-source.js';
import { DatabaseServer } from '../../src/database/database-server.js';
import { Database } from '../../src/database/database.js';
import { Notifications } from '../../src/database/notifications.js';
import { migrate } from '../../src/database/migrate.js';
import { CachedJobs } from '../../src/jobs/cache/cached-jobs.js';
import { ChangeAnnouncer } from '../../src/jobs/change-announcer.js';
import { JobDispatch } from '../../src/jobs/job-dispatch.js';
import { StoredFiles } from '../../src/jobs/files/stored-files.js';
import { TestStorages } from './storages.js';
import { JobFiles } from '../../src/jobs/job-files.js';
import type { StateType } from '../../src/jobs/job-state.js';
import { JobEntrance } from '../../src/jobs/limits/job-entrance.js';
import { SlotQueue } from '../../src/jobs/limits/slot-queue.js';
import { Slots } from '../../src/jobs/limits/slots.js';
import { JobAcceptance } from '../../src/jobs/store/job-acceptance.js';
import type { NewJob } from '../../src/jobs/store/new-job.js';
import { JobCancellation } from '../../src/jobs/store/job-cancellation.js';
import { JobCompletion } from '../../src/jobs/store/job-completion.js';
import { JobJournal } from '../../src/jobs/store/job-journal.js';
import { type ClaimedJob, JobLeases, type Redispatch } from '../../src/jobs/store/job-leases.js';
import { JobList } from '../../src/jobs/store/job-list.js';
import { JobReader } from '../../src/jobs/store/job-reader.js';
import { JobRecovery } from '../../src/jobs/store/job-recovery.js';
import { TaskClaims } from '../../src/tasks/store/task-claims.js';
import { TaskRecovery } from '../../src/tasks/store/task-recovery.js';
import { PostgresServer } from './postgres.js';

/** Migrated databases on a PostgreSQL of the spec file's own: one is migrated, those that tests get are copies of it. */
export class TestDatabases {
  private readonly opened: TestDatabase[] = [];
  private template: Promise<string> | undefined;

  private constructor(readonly server: PostgresServer) {}

  /** Call it once per spec file; the service's own log lines are silenced from then on. */
  static async start(): Promise<TestDatabases> {
    Logger.overrideLogger(false);
    return new TestDatabases(await PostgresServer.start());
  }

  /** Opens a new, empty, migrated database. @param settings by the names of their environment variables */
  async open(settings: Record<string, string> = {}): Promise<TestDatabase> {
    const template = new URL(await (this.template ??= this.migrated()));
    const name = `copy_${randomBytes(6).toString('hex')}`;
    await runOn(at(template, 'postgres'), `CREATE DATABASE ${name} TEMPLATE ${template.pathname.slice(1)}`);
    const database = await TestDatabase.open(at(template, name), settings);
    this.opened.push(database);
    return database;
  }

  /** Closes every database that was opened, and the server. */
  async close(): Promise<void> {
    for (const database of this.opened) await database.close();
    await this.server.remove();
  }

  private async migrated(): Promise<string> {
    const url = await this.server.createDatabase();
    const dataSource = createDataSource({ connectionString: url }, DATABASE_CONTENTS, 2);
    await migrate({ connectionString: url }, dataSource);
    await dataSource.destroy();
    return url;
  }
}

/** A row of `job`, as far as tests look at it. */
export interface JobRow {
  readonly id: string;
  readonly state_type: StateType;
  readonly state_name: string;
  readonly message: string | null;
  readonly progress: number | null;
  readonly epoch: number;
  readonly seq: number;
  readonly dispatches: number;
  readonly recoveries: number;
  readonly worker_id: string | null;
  readonly lease_until: Date | null;
  readonly finished_at: Date | null;
  readonly expires_at: Date | null;
}

export interface EventRow {
  readonly seq: number;
  readonly type: string;
  readonly data: Record<string, unknown> | null;
}

/** Remembers what was to be put on the queue. */
export class RecordingDispatch extends JobDispatch {
  readonly jobs: (Redispatch & { readonly delay?: number })[] = [];

  dispatch(job: Redispatch, delay?: number): void {
    this.jobs.push({ ...job, ...(delay !== undefined && { delay }) });
  }
}

/** One database with the store of the service on it. */
export class TestDatabase {
  readonly acceptance: JobAcceptance;
  readonly leases: JobLeases;
  readonly journal: JobJournal;
  readonly completion: JobCompletion;
  readonly cancellation: JobCancellation;
  readonly recovery: JobRecovery;
  readonly reader: JobReader;
  readonly list: JobList;
  readonly taskClaims: TaskClaims;
  readonly taskRecovery: TaskRecovery;
  /** Not connected: nothing is heard. */
  readonly notifications: Notifications;
  readonly slots: Slots;
  readonly slotQueue: SlotQueue;
  readonly cachedJobs: CachedJobs;
  readonly entrance: JobEntrance;
  readonly dispatch = new RecordingDispatch();
  readonly storages = new TestStorages();
  private readonly pool: pg.Pool;

  private constructor(
    readonly settings: Settings,
    readonly server: DatabaseServer,
    readonly database: Database,
  ) {
    this.acceptance = new JobAcceptance(database);
    const announcer = new ChangeAnnouncer(database);
    this.leases = new JobLeases(database, announcer);
    this.journal = new JobJournal(database, announcer);
    this.completion = new JobCompletion(database, announcer, this.dispatch, settings);
    this.cancellation = new JobCancellation(database, announcer, this.dispatch, settings);
    this.recovery = new JobRecovery(database, settings);
    this.reader = new JobReader(database);
    this.list = new JobList(database);
    this.taskClaims = new TaskClaims(database, announcer, this.dispatch, settings);
    this.taskRecovery = new TaskRecovery(database);
    this.notifications = new Notifications(server);
    this.slots = new Slots(database, settings);
    this.slotQueue = new SlotQueue(database, announcer, this.dispatch, this.notifications);
    const files = new JobFiles(settings);
    const stored = new StoredFiles(files, this.storages, settings);
    this.cachedJobs = new CachedJobs(database, announcer, this.dispatch, stored, settings);
    this.entrance = new JobEntrance(
      database,
      this.slots,
      this.slotQueue,
      this.cachedJobs,
      this.leases,
      this.cancellation,
      this.completion,
      announcer,
    );
    this.pool = new pg.Pool({
      connectionString: settings.DATABASE_URL,
      options: `-c search_path=${SCHEMA}`,
      application_name: 'the-test',
      max: 2,
    });
    this.pool.on('error', () => undefined);
  }

  static async open(url: string, overrides: Record<string, string>): Promise<TestDatabase> {
    const settings = Settings.parse({ ...overrides, DATABASE_URL: url });
    const server = await DatabaseServer.open(settings);
    const dataSource = createDataSource(server.connection, DATABASE_CONTENTS, settings.DATABASE_POOL);
    await dataSource.initialize();
    return new TestDatabase(settings, server, new Database(dataSource));
  }

  /** Runs one statement past the classes under test. */
  async query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.pool.query<Row>(text, values as unknown[])).rows;
  }

  /** A connected client of the test's own; end it. */
  async connect(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.settings.DATABASE_URL, options: `-c search_path=${SCHEMA}` });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  /** Cuts the connections of one `application_name`, as a broken network or an administrator does. @returns how many */
  async cut(applicationName: string): Promise<number> {
    const rows = await this.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = $1`,
      [applicationName],
    );
    return rows.length;
  }

  /** Accepts a job of any process. @returns its id */
  async accepted(members: Partial<NewJob> = {}): Promise<string> {
    return (await this.acceptance.accept(newJob(members))).id;
  }

  /** Accepts a job and claims it. @param lease in milliseconds */
  async claimed(lease = 60_000): Promise<ClaimedJob> {
    const job = await this.leases.claim(await this.accepted(), 'a-worker', lease);
    if (job === undefined) throw new Error('a new job could not be claimed');
    return job;
  }

  /** The row of a job. Rejects when there is none. */
  async row(jobId: string): Promise<JobRow> {
    const [row] = await this.query<JobRow>('SELECT * FROM job WHERE id = $1', [jobId]);
    if (row === undefined) throw new Error(`there is no job ${jobId}`);
    return row;
  }

  history(jobId: string): Promise<EventRow[]> {
    return this.query<EventRow>('SELECT seq, type, data FROM job_event WHERE job_id = $1 ORDER BY seq', [jobId]);
  }

  /** Makes jobs look as if nothing had happened to them for a minute. */
  async age(jobIds: readonly string[]): Promise<void> {
    await this.query(`UPDATE job SET updated_at = now() - interval '1 minute' WHERE id = ANY($1)`, [jobIds]);
  }

  /** Closes it; also when the test did so itself. */
  async close(): Promise<void> {
    if (!this.pool.ended) await this.pool.end();
    if (this.database.dataSource.isInitialized) await this.database.dataSource.destroy();
  }
}

/** A job as an execute request makes it, with an id of its own. */
export function newJob(members: Partial<NewJob> = {}): NewJob {
  return {
    id: randomUUID(),
    processId: 'a-process',
    processVersion: '1.0.0',
    inputs: {},
    response: { response: 'document', dialect: '1.0' },
    ...members,
  };
}

function at(url: URL, database: string): string {
  return Object.assign(new URL(url), { pathname: `/${database}` }).href;
}

async function runOn(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}
