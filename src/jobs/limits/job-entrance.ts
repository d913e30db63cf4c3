import { Injectable } from '@nestjs/common';
import { Database, type StatementRunner } from '../../database/database.js';
import { Statement } from '../../database/statement.js';
import { CachedJobs, type OriginJob } from '../cache/cached-jobs.js';
import { ChangeAnnouncer } from '../change-announcer.js';
import type { JobAdmission } from '../job.types.js';
import { decide } from '../state-machine.js';
import { WAITS } from '../store/conditions.js';
import { JobCancellation } from '../store/job-cancellation.js';
import { JobCompletion } from '../store/job-completion.js';
import { type ClaimedJob, COMPATIBILITY, JobLeases } from '../store/job-leases.js';
import { SlotQueue } from './slot-queue.js';
import { isFull, type SlotCount, type SlotHolder, Slots, type WantedSlot } from './slots.js';

interface AskingJob {
  readonly id: string;
  readonly process_id: string;
  readonly process_version: string;
  readonly state_name: string;
  readonly admission: JobAdmission;
  readonly storage: string | null;
  /** On the database's clock, in its own words. */
  readonly since: string;
}

/** A worker that would run a job. */
export interface ClaimingWorker {
  readonly id: string;
  /** milliseconds */
  readonly lease: number;
  /** What it can run, in the words of `compatibilityKey`. */
  readonly known: readonly string[];
  /** The version that it would run. */
  readonly versionOf: (processId: string) => string | undefined;
}

/** What asking for a job led to. */
type Answer =
  | { readonly kind: 'claimed'; readonly job: ClaimedJob }
  | { readonly kind: 'cached'; readonly origin: OriginJob }
  /** @property superseded those that have to make room */
  | { readonly kind: 'waits'; readonly superseded: readonly SlotHolder[] }
  | { readonly kind: 'refused'; readonly limit: SlotCount }
  /** @property computing the job that waits for this one, and for which it would wait */
  | { readonly kind: 'circular'; readonly job: ClaimedJob; readonly computing: string }
  | { readonly kind: 'gone' };

const RUNNING = { type: 'RUNNING', name: 'Running' } as const;

const FIND = new Statement<AskingJob>(
  'job_entrance_find',
  `SELECT id, process_id, process_version, state_name, admission, storage, created_at::text AS since
   FROM job WHERE id = $1 AND ${WAITS} AND (due_at IS NULL OR due_at <= now()) AND ${COMPATIBILITY} = ANY($2)
     AND admission IS NOT NULL`,
);

/** The job gives its worker free and waits for a place. */
const WAIT = new Statement<{ readonly id: string }>(
  'job_await_slot',
  `WITH j AS (
     UPDATE job SET state_type = 'SCHEDULED', state_name = 'AwaitingConcurrencySlot', due_at = NULL, waiting_reason = $2,
       updated_at = now(), seq = seq + 1
     WHERE id = $1 AND ${WAITS}
     RETURNING id, seq
   ), e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT id, seq, 'suspended', json_build_object('reason', 'AwaitingConcurrencySlot') FROM j
   )
   SELECT id FROM j`,
);

/**
 * Lets a job run that first has to ask (rule T14): whether its results are known already, whether somebody computes them
 * at this moment, and whether few enough jobs of its limit run.
 */
@Injectable()
export class JobEntrance {
  constructor(
    private readonly database: Database,
    private readonly slots: Slots,
    private readonly queue: SlotQueue,
    private readonly cached: CachedJobs,
    private readonly leases: JobLeases,
    private readonly cancellation: JobCancellation,
    private readonly completion: JobCompletion,
    private readonly announcer: ChangeAnnouncer,
  ) {}

  /** @returns the job when this worker is to run it; nothing when it has ended, waits, or is not to be had */
  async claim(jobId: string, worker: ClaimingWorker): Promise<ClaimedJob | undefined> {
    for (;;) {
      const [job] = await this.database.execute(FIND, [jobId, worker.known]);
      if (job === undefined) return undefined;
      // Results are those of one version, and of no other that merely can do the same.
      const isSame = worker.versionOf(job.process_id) === job.process_version;
      const cache = isSame ? job.admission.cache : undefined;
      const { concurrency } = job.admission;
      const wanted: WantedSlot[] = [
        ...(cache === undefined ? [] : [{ key: cache.key, most: 1 }]),
        ...(concurrency === undefined ? [] : [{ key: concurrency.key, most: concurrency.limit }]),
      ];
      const keys = wanted.map(({ key }) => key);
      const answer = await this.slots.exclusively(keys, (transaction) =>
        this.ask(transaction, job, cache, wanted, worker),
      );
      switch (answer.kind) {
        case 'claimed':
          this.leases.announce(answer.job);
          return answer.job;
        case 'cached':
          if (cache === undefined || !(await this.cached.complete(job, answer.origin, cache))) continue;
          return undefined;
        case 'refused':
          await this.cancellation.refuse(jobId, refusal(answer.limit));
          return undefined;
        case 'circular':
          await this.completion.fail(answer.job, 'Failed', circle(answer));
          return undefined;
        case 'waits':
          this.announcer.announce(jobId);
          for (const { job: id } of answer.superseded) await this.cancellation.request(id, madeRoom(job));
          // A place that was given free while this one was written down has woken nobody.
          await this.queue.freed(keys);
          return undefined;
        case 'gone':
          return undefined;
      }
    }
  }

  private async ask(
    transaction: StatementRunner,
    job: AskingJob,
    cache: JobAdmission['cache'],
    wanted: readonly WantedSlot[],
    worker: ClaimingWorker,
  ): Promise<Answer> {
    const owner = { jobId: job.id, taskKey: '' };
    const counts = wanted.length > 0 ? await this.slots.count(transaction, owner, wanted, job.since) : [];
    // Looked for after the places were counted: who computed the result has given its place free by having it.
    const origin = cache && (await this.cached.find(cache, job.since, transaction));
    if (origin !== undefined) return { kind: 'cached', origin };

    const full = counts.filter(isFull);
    const { concurrency } = job.admission;
    const limit = full.find(({ key }) => key === concurrency?.key);
    const jobLimit = limit && (concurrency?.onLimit ?? 'queue');
    const verdict = decide({ type: 'SCHEDULED', name: job.state_name }, RUNNING, { dueIn: 0, jobLimit });
    if (limit !== undefined && verdict.answer === 'reject' && verdict.state?.type === 'CANCELLED') {
      return { kind: 'refused', limit };
    }
    const [computing] = full.find(({ key }) => key === cache?.key)?.holders ?? [];
    if (computing !== undefined && (await this.slots.isAround(transaction, computing, job.id))) {
      const claimed = await this.leases.claimAdmitted(transaction, job.id, worker.id, worker.lease, worker.known);
      return claimed === undefined ? { kind: 'gone' } : { kind: 'circular', job: claimed, computing: computing.job };
    }
    if (full.length > 0) {
      const [{ since }] = full;
      const [waiting] = await transaction.execute(WAIT, [job.id, reasonOf(full, cache)]);
      if (waiting === undefined) return { kind: 'gone' };
      const queued = wanted.filter(({ key }) => full.some((count) => count.key === key));
      await this.slots.queue(transaction, owner, queued, since);
      const makesRoom = limit !== undefined && concurrency?.onLimit === 'cancelRunning';
      return { kind: 'waits', superseded: makesRoom ? superseded(limit, job.id) : [] };
    }
    const claimed = await this.leases.claimAdmitted(transaction, job.id, worker.id, worker.lease, worker.known);
    if (claimed === undefined) return { kind: 'gone' };
    // Who computes a result does so until it has ended, also while it is suspended or waits for another worker.
    const taken = wanted.map((slot) => (slot.key === cache?.key ? slot : { ...slot, epoch: claimed.epoch }));
    await this.slots.take(transaction, owner, taken);
    return { kind: 'claimed', job: claimed };
  }
}

/**
 * The oldest of those who run, then of those who wait, until there is room for one more. Ids grow with time; a job that
 * comes back makes no newer one stop.
 */
function superseded({ most, holders, ahead }: SlotCount, jobId: string): SlotHolder[] {
  const excess = holders.length + ahead.length + 1 - most;
  return [...holders, ...ahead].filter(({ job }) => job < jobId).slice(0, excess);
}

function reasonOf(full: readonly SlotCount[], cache: JobAdmission['cache']): string {
  const [{ key, most, holders }] = full;
  if (key === cache?.key) {
    const [computing] = holders;
    return computing === undefined ? 'waits for the same execution' : `waits for the result of job ${computing.job}`;
  }
  return `waits for one of ${most} place(s) for jobs of this kind`;
}

function circle({ job, computing }: { readonly job: ClaimedJob; readonly computing: string }) {
  const detail =
    `The job ${computing} computes this very result of "${job.process_id}" and waits for this job, so neither would ` +
    `ever end. A cached process must not start itself with what its cache takes for the same; give it other inputs, ` +
    `or its cache a key that tells the two apart.`;
  return { code: 'job-failed', detail } as const;
}

function madeRoom({ id }: AskingJob): string {
  return `Dismissed to make room for the newer job ${id}: only so many of this kind may run at once.`;
}

function refusal({ most }: SlotCount): string {
  return `No more than ${most} job(s) of this kind may run at once, and so many do.`;
}
