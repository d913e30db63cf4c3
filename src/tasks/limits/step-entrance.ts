import { Injectable } from '@nestjs/common';
import { Database, type StatementRunner } from '../../database/database.js';
import type { ProcessFault } from '../../flows/process-fault.js';
import type { StepStart } from '../../flows/step-journal.js';
import { ChangeAnnouncer } from '../../jobs/change-announcer.js';
import { taskLimitKey } from '../../jobs/limits/limit-keys.js';
import { isFull, type SlotCount, Slots, type WantedSlot } from '../../jobs/limits/slots.js';
import type { HeldLease } from '../../jobs/store/job-leases.js';
import { CachedSteps, type OriginStep } from '../cache/cached-steps.js';
import { type Beginning, StepBeginnings } from '../store/step-beginnings.js';
import { TaskDispatches } from '../store/task-dispatches.js';
import { StepPlacements } from './step-placements.js';

/** What asking for a step led to, and what there is on record about it now; no row when the job is gone. */
export interface Entry {
  /**
   * `asked`: it begins, or something else stands in its way; `cached`, `refused`: it has ended; `waits`: there is no
   * place for it.
   */
  readonly kind: 'asked' | 'cached' | 'refused' | 'waits';
  readonly row: Beginning | undefined;
}

/** A job whose steps ask. */
export interface AskingJob extends HeldLease {
  readonly processId: string;
}

/** Whether a step has to ask before it begins. */
export function isGuarded({ cache, limits }: StepStart): boolean {
  return cache !== undefined || (limits !== undefined && limits.length > 0);
}

/**
 * Lets a step begin that first has to ask: whether its result is known (rule T16), whether another one computes it, and
 * whether there is a place under its limits (T17).
 */
@Injectable()
export class StepEntrance {
  constructor(
    private readonly database: Database,
    private readonly slots: Slots,
    private readonly cached: CachedSteps,
    private readonly beginnings: StepBeginnings,
    private readonly dispatches: TaskDispatches,
    private readonly placements: StepPlacements,
    private readonly announcer: ChangeAnnouncer,
  ) {}

  /** The keys under which others may wait for the step to end. */
  keysOf(job: AskingJob, step: StepStart): string[] {
    return this.wanted(job, step).map(({ key }) => key);
  }

  /** Begins a step, or says on record why it does not begin. */
  async enter(job: AskingJob, step: StepStart, workerId: string): Promise<Entry> {
    const closed = step.limits?.find(({ limit }) => limit === 0);
    if (closed !== undefined) {
      const message = `The limit "${closed.key}" of the step "${step.name}" is 0, so none may run; raise it to let steps run.`;
      const fault = { name: 'ConcurrencyLimitError', message };
      const row = await this.placements.place(this.database, job, step, workerId, { kind: 'refused', fault });
      return this.announced(job, { kind: 'refused', row });
    }
    const wanted = this.wanted(job, step);
    for (;;) {
      const keys = wanted.map(({ key }) => key);
      const asked = await this.slots.exclusively(keys, (transaction) =>
        this.ask(transaction, job, step, workerId, wanted),
      );
      if ('kind' in asked) return this.announced(job, asked);
      const { key, origin } = asked;
      const outputs = await this.cached.share(key, origin, job.id);
      if (outputs === undefined) continue;
      const from = { job: origin.job_id, key: origin.task_key };
      const placement = { kind: 'cached', origin: from, value: origin.value, outputs } as const;
      const row = await this.placements.place(this.database, job, step, workerId, placement);
      return this.announced(job, { kind: 'cached', row });
    }
  }

  private async ask(
    transaction: StatementRunner,
    job: AskingJob,
    step: StepStart,
    workerId: string,
    wanted: readonly WantedSlot[],
  ): Promise<Entry | { readonly key: string; readonly origin: OriginStep }> {
    const owner = { jobId: job.id, taskKey: step.key };
    const counts = await this.slots.count(transaction, owner, wanted);
    const [{ since }] = counts;
    if (step.cache !== undefined) {
      // Looked for after the places were counted: who computed the result has given its place free by having it.
      const key = this.cached.keyOf(job.id, job.processId, step.cache);
      const origin = await this.cached.find(transaction, key, step.cache, since);
      if (origin !== undefined) return { key, origin };
    }
    const full = counts.filter(isFull);
    const fault = step.cache && (await this.circle(transaction, job, step, full));
    if (fault !== undefined) {
      const row = await this.placements.place(transaction, job, step, workerId, { kind: 'refused', fault });
      return { kind: 'refused', row };
    }
    if (full.length === 0) {
      const row = isForOthers(job, step)
        ? await this.dispatches.dispatchWithin(transaction, job, step)
        : await this.beginnings.startWithin(transaction, job, step, workerId);
      if (row !== undefined && row.begun !== null) await this.slots.take(transaction, owner, wanted);
      return { kind: 'asked', row };
    }
    const placement = { kind: 'waits', reason: reasonOf(full, step) } as const;
    const row = await this.placements.place(transaction, job, step, workerId, placement);
    const waits = row !== undefined && row.owned && row.state_name === 'AwaitingConcurrencySlot';
    if (row === undefined || (row.begun === null && !waits)) return { kind: 'asked', row };
    const queued = wanted.filter(({ key }) => full.some((count) => count.key === key));
    await this.slots.queue(transaction, owner, queued, since);
    return { kind: 'waits', row };
  }

  /** What there is to say when the step that computes the result waits for the very job that would wait for it. */
  private async circle(
    transaction: StatementRunner,
    job: AskingJob,
    { name, cache }: StepStart,
    full: readonly SlotCount[],
  ): Promise<ProcessFault | undefined> {
    const key = cache && this.cached.keyOf(job.id, job.processId, cache);
    const [computing] = full.find((count) => count.key === key)?.holders ?? [];
    if (computing === undefined || !(await this.slots.isAround(transaction, computing, job.id))) return undefined;
    const message =
      `The step "${computing.task}" of the job ${computing.job} computes this very result of "${name}" and waits for ` +
      `this job, so neither would ever end. Give the call other arguments, or its cache a key that tells the two apart.`;
    return { name: 'CacheCycleError', message };
  }

  private wanted(job: AskingJob, step: StepStart): WantedSlot[] {
    const { cache, limits = [] } = step;
    // What a task of its own claim does goes on while its job does not run.
    const epoch = job.task === undefined && !isForOthers(job, step) ? job.epoch : undefined;
    const most = new Map<string, number>();
    for (const { key, limit } of limits) {
      most.set(taskLimitKey(key), Math.min(limit, most.get(taskLimitKey(key)) ?? limit));
    }
    return [
      // Who computes a result does so until it has ended, also while it is suspended or waits for another worker.
      ...(cache === undefined ? [] : [{ key: this.cached.keyOf(job.id, job.processId, cache), most: 1 }]),
      ...[...most].map(([key, limit]) => ({ key, most: limit, epoch })),
    ];
  }

  private announced(job: AskingJob, entry: Entry): Entry {
    if (entry.row !== undefined && entry.row.begun !== null) this.announcer.announce(job.id);
    return entry;
  }
}

/** Whether another worker runs the step. */
function isForOthers(job: AskingJob, step: StepStart): boolean {
  return step.arguments !== undefined && job.task === undefined;
}

function reasonOf([{ key, most, holders }]: readonly SlotCount[], { limits = [] }: StepStart): string {
  const limit = limits.find((one) => taskLimitKey(one.key) === key);
  if (limit !== undefined) return `waits for one of ${most} place(s) under the limit "${limit.key}"`;
  const [computing] = holders;
  return computing === undefined
    ? 'waits for the result of the same call'
    : `waits for the result of the same call in job ${computing.job}`;
}
