import { Injectable } from '@nestjs/common';
import { validate as isUuid } from 'uuid';
import { Database } from '../../database/database.js';
import { Statement } from '../../database/statement.js';
import { DomainError } from '../../ogc/problems/domain-error.js';
import type { LogLevel } from '../../processes/job-context.js';
import type { StateType } from '../job-state.js';
import type { ResponsePreferences } from '../job.types.js';
import type { AcceptedJob } from './new-job.js';
import { UNFINISHED } from './conditions.js';
import { type JobStatusRow, STATUS_COLUMNS } from './job-row.js';

/** A job with what its results need. */
export interface JobDetailRow extends JobStatusRow {
  readonly response: ResponsePreferences;
  /** Whether its results have had their time, the job being kept. */
  readonly results_expired: boolean;
  /** What its steps ask people for; nothing when they ask for nothing. */
  readonly questions: readonly JobQuestion[] | null;
  /** The jobs that its steps started, the first ones; nothing when there are none. */
  readonly children: readonly string[] | null;
}

/** A step that waits for an answer. */
export interface JobQuestion {
  readonly task: string;
  readonly name: string;
  readonly request: { readonly schema: Readonly<Record<string, unknown>>; readonly message?: string };
  /** until when an answer is taken; ISO 8601 */
  readonly until: string;
}

/** An output of a job: a JSON value, or a file with its size and hash. */
export interface JobOutputRow {
  readonly output_id: string;
  readonly value: unknown;
  readonly file: string | null;
  readonly media_type: string;
  /** bytes; the driver delivers `bigint` as text */
  readonly size: string | null;
  readonly sha256: string | null;
}

/** A log line of a job. Ids grow in the order of writing. */
export interface JobLogRow {
  readonly id: string;
  readonly level: LogLevel;
  readonly time: Date;
  readonly message: string;
  readonly data: Record<string, unknown> | null;
}

/** Children that a status document links to. */
const MOST_CHILDREN = 50;

const FIND = new Statement<JobDetailRow>(
  'job_find',
  `SELECT ${STATUS_COLUMNS}, j.response,
     j.results_expired_at IS NOT NULL OR coalesce(j.results_expire_at < now(), false) AS results_expired,
     (SELECT json_agg(json_build_object('task', t.key, 'name', t.name, 'request', t.request, 'until', t.wake_at)
                      ORDER BY t.seq)
      FROM task_run t WHERE j.${UNFINISHED} AND t.job_id = j.id AND t.state_type = 'PAUSED' AND t.answer IS NULL
        AND t.wake_at > now()) AS questions,
     (SELECT json_agg(c.id ORDER BY c.id)
      FROM (SELECT id FROM job WHERE parent_id = j.id ORDER BY id LIMIT ${MOST_CHILDREN}) c) AS children
   FROM job j WHERE j.id = $1`,
);

const FIND_BY_KEY = new Statement<AcceptedJob>(
  'job_find_by_key',
  `SELECT ${STATUS_COLUMNS}, j.request_digest FROM job j WHERE j.idempotency_key = $1`,
);

const STATES = new Statement<{ id: string; state_type: StateType }>(
  'job_states',
  'SELECT id, state_type FROM job WHERE id = ANY($1::uuid[])',
);

const OUTPUTS = new Statement<JobOutputRow>(
  'job_outputs',
  `SELECT output_id, value, file, media_type, size, sha256 FROM job_output WHERE job_id = $1`,
);

const LOG_PAGE = new Statement<JobLogRow>(
  'job_log_page',
  `SELECT id, level, time, message, data FROM job_log
   WHERE job_id = $1 AND id > $2 AND level = ANY($3::text[]) ORDER BY id LIMIT $4`,
);

/** Reads of jobs. Unknown and malformed ids are the same to a client: there is no such job. */
@Injectable()
export class JobReader {
  constructor(private readonly database: Database) {}

  /** @throws DomainError `no-such-job` */
  async get(jobId: string): Promise<JobDetailRow> {
    const [row] = isUuid(jobId) ? await this.database.execute(FIND, [jobId]) : [];
    if (row === undefined) throw noSuchJob(jobId);
    return row;
  }

  /** The job of an earlier request with this idempotency key. */
  async findByIdempotencyKey(key: string): Promise<AcceptedJob | undefined> {
    return (await this.database.execute(FIND_BY_KEY, [key]))[0];
  }

  /** The states of those of the given jobs that exist. */
  states(jobIds: readonly string[]): Promise<{ id: string; state_type: StateType }[]> {
    return this.database.execute(STATES, [jobIds]);
  }

  outputs(jobId: string): Promise<JobOutputRow[]> {
    return this.database.execute(OUTPUTS, [jobId]);
  }

  /** Log lines in the order of writing. @param after id of the last line of the page before */
  logPage(jobId: string, levels: readonly LogLevel[], limit: number, after = '0'): Promise<JobLogRow[]> {
    return this.database.execute(LOG_PAGE, [jobId, after, levels, limit]);
  }
}

/** @returns the error for an id that names no job */
export function noSuchJob(jobId: string): DomainError {
  return new DomainError(
    'no-such-job',
    `There is no job with the id "${jobId.slice(0, 100)}". It may have been removed.`,
  );
}
