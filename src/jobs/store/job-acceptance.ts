import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { GroupedStatement } from '../../database/grouped-statement.js';
import { Statement } from '../../database/statement.js';
import {
  ACCEPT_RUNNING_TOGETHER,
  ACCEPT_TOGETHER,
  type FirstLease,
  type GroupedJob,
  groupedJob,
  type StoredTogether,
} from './acceptance-groups.js';
import { oweCallback, WAKE_CALLBACKS } from './callback-outbox.js';
import { STATUS_COLUMNS } from './job-row.js';
import { type AcceptedJob, admissionValue, type NewJob, newJobValues } from './new-job.js';

/**
 * A key that is taken gives the row that has it, also when it was committed while this statement waited for it; DO
 * NOTHING would give no row at all then.
 */
export const OR_EXISTING = `ON CONFLICT (idempotency_key) WHERE idempotency_key IS NOT NULL
       DO UPDATE SET idempotency_key = excluded.idempotency_key`;

/** Accepts a job: the row and its first event become visible together, or not at all (promise P1). */
const ACCEPT = new Statement<AcceptedJob>(
  'job_accept',
  `WITH j AS (
     INSERT INTO job (id, process_id, process_version, state_type, state_name, inputs, staged, response,
                      idempotency_key, request_digest, subscriber, storage, admission, seq)
     VALUES ($1, $2, $3, 'SCHEDULED', 'Scheduled', $4, $5, $6, $7, $8, $9, $10, $11, 1)
     ${OR_EXISTING}
     RETURNING *
   ), e AS (
     INSERT INTO job_event (job_id, seq, type) SELECT id, 1, 'accepted' FROM j WHERE id = $1
   )
   SELECT ${STATUS_COLUMNS}, j.request_digest FROM j`,
);

/** Accepts a job that this very node runs at once: it is born running, under a lease. */
const ACCEPT_RUNNING = new Statement<AcceptedJob>(
  'job_accept_running',
  `WITH j AS (
     INSERT INTO job (id, process_id, process_version, state_type, state_name, inputs, staged, response,
                      idempotency_key, request_digest, subscriber, storage, seq, epoch, worker_id, lease_until,
                      started_at, claimed_at)
     VALUES ($1, $2, $3, 'RUNNING', 'Running', $4, $5, $6, $7, $8, $9, $10, 2, 1, $11, now() + $12 * interval '1 ms', now(),
       now())
     ${OR_EXISTING}
     RETURNING *
   ), e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT id, s, t, d FROM j, (VALUES
       (1, 'accepted', NULL), (2, 'started', json_build_object('attempt', 1, 'worker', $11::text))
     ) v (s, t, d) WHERE id = $1
   ), ${oweCallback('inProgressUri', 'j.id = $1')}
   SELECT ${STATUS_COLUMNS}, j.request_digest, ${WAKE_CALLBACKS} FROM j`,
);

/** Brings jobs into the world. */
@Injectable()
export class JobAcceptance {
  private readonly waiting: GroupedStatement<GroupedJob, AcceptedJob>;
  private readonly running: GroupedStatement<GroupedJob, AcceptedJob>;

  constructor(private readonly database: Database) {
    this.waiting = this.groups(ACCEPT_TOGETHER);
    this.running = this.groups(ACCEPT_RUNNING_TOGETHER);
  }

  /** Stores a job that waits for a worker. @returns it, or the job that has its idempotency key */
  async accept(job: NewJob): Promise<AcceptedJob> {
    const alone = () => this.acceptAlone(job);
    const grouped = job.idempotency === undefined ? groupedJob(job, alone) : undefined;
    return grouped === undefined ? await alone() : (await this.waiting.execute(grouped))!;
  }

  /**
   * Stores a job that this node has begun to run, in epoch 1.
   * @param lease milliseconds until the job is taken from a node that went silent
   * @returns it, or the job that has its idempotency key
   */
  async acceptRunning(job: NewJob, workerId: string, lease: number): Promise<AcceptedJob> {
    const held = { workerId, lease };
    const alone = () => this.acceptRunningAlone(job, held);
    const hasCompany = job.idempotency === undefined && job.subscriber === undefined;
    const grouped = hasCompany ? groupedJob(job, alone, held) : undefined;
    return grouped === undefined ? await alone() : (await this.running.execute(grouped))!;
  }

  private groups(statement: Statement<StoredTogether>): GroupedStatement<GroupedJob, AcceptedJob> {
    const together = async (jobs: readonly GroupedJob[]) => {
      const [{ at }] = await this.database.execute(statement, [`[${jobs.map(({ record }) => record).join()}]`]);
      return jobs.map(({ rowAt }) => rowAt(at));
    };
    return new GroupedStatement(together, ({ alone }) => alone());
  }

  private async acceptAlone(job: NewJob): Promise<AcceptedJob> {
    return (await this.database.execute(ACCEPT, [...newJobValues(job), admissionValue(job)]))[0];
  }

  private async acceptRunningAlone(job: NewJob, { workerId, lease }: FirstLease): Promise<AcceptedJob> {
    return (await this.database.execute(ACCEPT_RUNNING, [...newJobValues(job), workerId, lease]))[0];
  }
}
