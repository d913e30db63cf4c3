import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { Database, type StatementRunner } from '../../database/database.js';
import { Statement } from '../../database/statement.js';
import { ChangeAnnouncer } from '../change-announcer.js';
import { JobDispatch } from '../job-dispatch.js';
import { StoredFiles } from '../files/stored-files.js';
import type { JobAdmission } from '../job.types.js';
import { CALLBACK_COLUMNS, oweCallback, WAKE_CALLBACKS } from '../store/callback-outbox.js';
import { isFileGone } from '../../storage/storage-unavailable.js';
import { WAITS } from '../store/conditions.js';
import { OR_EXISTING } from '../store/job-acceptance.js';
import { type AcceptedJob, type NewJob, newJobValues } from '../store/new-job.js';
import { STATUS_COLUMNS } from '../store/job-row.js';
import {
  LOCK_PARENT,
  PARENT_LOCKED,
  RESUMED_PARENT,
  resumeParent,
  type ResumingParent,
} from '../store/parent-resumption.js';

/** Milliseconds; a time to live beyond it is none. */
const CENTURY = 100 * 365 * 86_400_000;

/** A job whose results are used again. */
export interface OriginJob {
  readonly id: string;
  /** Its outputs that are files. */
  readonly files: readonly { readonly id: string; readonly path: string }[];
}

type CacheOptions = NonNullable<JobAdmission['cache']>;

const FIND = new Statement<OriginJob>(
  'job_cache_find',
  `SELECT j.id, (SELECT coalesce(json_agg(json_build_object('id', output_id, 'path', file)), '[]')
     FROM job_output o WHERE o.job_id = j.id AND o.file IS NOT NULL) AS files
   FROM result_cache c JOIN job j ON j.id = c.job_id AND j.state_type = 'COMPLETED'
   WHERE c.key = $1 AND c.task_key = '' AND c.created_at > now() - $2::float8 * interval '1 ms'
     AND ($3::timestamptz IS NULL OR c.created_at > $3)`,
);

/** The files of the origin are gone, so it is of no use. */
const FORGET = new Statement('job_cache_forget', 'DELETE FROM result_cache WHERE key = $1 AND job_id = $2');

const MESSAGE = (origin: string) => `'The results are those of the job ' || ${origin}`;

/** The outputs of the origin `$n`, with the paths of its files as the job `j` has them. */
const copyOutputs = (first: number) => `o AS (
     INSERT INTO job_output (job_id, output_id, value, file, media_type, size, sha256)
     SELECT j.id, x.output_id, x.value, f.path, x.media_type, x.size, x.sha256
     FROM j JOIN job_output x ON x.job_id = $${first}
     LEFT JOIN unnest($${first + 1}::text[], $${first + 2}::text[]) AS f (id, path) ON f.id = x.output_id
     WHERE j.id = $1
   )`;

/** A job that never runs: it is accepted with its results. Nothing is accepted when the origin has been removed. */
const ACCEPT = new Statement<AcceptedJob>(
  'job_accept_cached',
  `WITH j AS (
     INSERT INTO job (id, process_id, process_version, state_type, state_name, inputs, staged, response,
                      idempotency_key, request_digest, subscriber, storage, cached_from, message, progress, finished_at,
                      expires_at, results_expire_at, seq)
     SELECT $1, $2, $3, 'COMPLETED', 'Cached', $4, $5, $6, $7, $8, $9, $10, id, ${MESSAGE('id')}, 100, now(),
       now() + $11::float8 * interval '1 ms', now() + $12::float8 * interval '1 ms', 2
     FROM job WHERE id = $13
     ${OR_EXISTING}
     RETURNING *
   ), ${copyOutputs(13)}, e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT id, s, t, d FROM j, (VALUES
       (1, 'accepted', NULL), (2, 'successful', json_build_object('cachedFrom', $13::uuid))
     ) v (s, t, d) WHERE id = $1
   ), ${oweCallback('successUri', 'j.id = $1')}
   SELECT ${STATUS_COLUMNS}, j.request_digest, ${WAKE_CALLBACKS} FROM j`,
);

/** A waiting job ends with results that have been computed meanwhile. */
const COMPLETE = new Statement<{ readonly id: string } & ResumingParent>(
  'job_complete_cached',
  `WITH ${LOCK_PARENT}, j AS (
     UPDATE job SET state_type = 'COMPLETED', state_name = 'Cached', cached_from = $4, message = ${MESSAGE('$4::uuid')},
       progress = 100, waiting_reason = NULL, due_at = NULL, finished_at = now(), updated_at = now(),
       expires_at = now() + $2::float8 * interval '1 ms', results_expire_at = now() + $3::float8 * interval '1 ms',
       seq = seq + 1
     WHERE id = $1 AND ${WAITS} AND ${PARENT_LOCKED} AND EXISTS (SELECT FROM job WHERE id = $4)
     RETURNING ${CALLBACK_COLUMNS}
   ), ${copyOutputs(4)}, e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT id, seq, 'successful', json_build_object('cachedFrom', $4::uuid) FROM j
   ), ${oweCallback('successUri')}, ${resumeParent()}
   SELECT id, ${RESUMED_PARENT}, ${WAKE_CALLBACKS} FROM j`,
);

/**
 * Jobs that take over the results of an earlier one instead of running. They get rows and files of their own, so
 * that the removal of the origin takes nothing from them.
 */
@Injectable()
export class CachedJobs {
  constructor(
    private readonly database: Database,
    private readonly announcer: ChangeAnnouncer,
    private readonly dispatch: JobDispatch,
    private readonly stored: StoredFiles,
    private readonly settings: Settings,
  ) {}

  /**
   * @param since of a refresh: the origin has to have ended after this time, on the database's clock in its own words
   * @returns the job whose results may be used
   */
  async find(
    { key, ttl, refresh }: CacheOptions,
    since: string | undefined,
    transaction: StatementRunner = this.database,
  ): Promise<OriginJob | undefined> {
    if (refresh && since === undefined) return undefined;
    const values = [key, Math.min(ttl ?? CENTURY, CENTURY), refresh ? since : null];
    return (await transaction.execute(FIND, values))[0];
  }

  /** Accepts a job as finished. @returns nothing when it has to be computed; else it, or the job that has its idempotency key */
  async accept(job: NewJob): Promise<AcceptedJob | undefined> {
    const cache = job.admission?.cache;
    if (cache === undefined) return undefined;
    for (;;) {
      const origin = await this.find(cache, undefined);
      if (origin === undefined) return undefined;
      const paths = await this.share(origin, job, cache);
      if (paths === undefined) continue;
      const values = [...newJobValues(job), ...this.lifetimes, ...outputValues(origin, paths)];
      const [row] = await this.database.execute(ACCEPT, values);
      // What was shared is removed with the job: its inputs lie beside it, and it is to run now.
      if (row !== undefined) return row;
    }
  }

  /**
   * Ends a waiting job with the results of another one.
   * @returns false when that could not be done: the origin has gone, or somebody else has taken the job
   */
  async complete(
    { id: jobId, storage }: { readonly id: string; readonly storage: string | null },
    origin: OriginJob,
    cache: CacheOptions,
  ): Promise<boolean> {
    const paths = await this.share(origin, { id: jobId, storage: storage ?? undefined }, cache);
    if (paths === undefined) return false;
    const values = [jobId, ...this.lifetimes, ...outputValues(origin, paths)];
    const [row] = await this.database.execute(COMPLETE, values);
    if (row === undefined) return false;
    this.announcer.announceEnd(row.id);
    if (row.resumed !== null) {
      this.announcer.announce(row.resumed.id);
      this.dispatch.dispatch(row.resumed);
    }
    return true;
  }

  /** Milliseconds that a finished job is kept for, and its results. */
  private get lifetimes(): readonly (number | null)[] {
    return [this.settings.JOB_TTL, this.settings.RESULT_TTL ?? null];
  }

  /** @returns where the files of the origin now lie for the job, as stored; nothing when they are gone, which is noted */
  private async share(
    origin: OriginJob,
    { id, storage }: Pick<NewJob, 'id' | 'storage'>,
    { key }: CacheOptions,
  ): Promise<string[] | undefined> {
    try {
      const copies = origin.files.map(({ path }) => this.stored.share(path, id, storage, 'cached', randomUUID()));
      return await Promise.all(copies);
    } catch (error) {
      if (!isFileGone(error)) throw error;
      await this.database.execute(FORGET, [key, origin.id]);
      return undefined;
    }
  }
}

function outputValues({ id, files }: OriginJob, paths: readonly string[]): unknown[] {
  return [id, files.map((file) => file.id), paths];
}
