import { InjectQueue } from '@nestjs/bullmq';
import { Injectable, Logger } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { validate as isUuid } from 'uuid';
import { JobFiles } from '../../jobs/job-files.js';
import { JobReader } from '../../jobs/store/job-reader.js';
import { JobRecovery } from '../../jobs/store/job-recovery.js';
import { answerOfQueue } from '../answer-of-queue.js';
import { JOB_QUEUE, type JobEntry } from '../job-queue.js';

const BATCH = 500;
/** Batches of one kind in one sweep. */
const MOST_BATCHES = 4;
/** Milliseconds between two looks at all directories. */
const ORPHANS_INTERVAL = 60_000;
/** Finished queue entries are of no use once a late duplicate can no longer arrive. Milliseconds. */
const ENTRY_AGE = 60_000;

/** Removes what has had its time: jobs with their files (JOB_TTL), files without a job, finished queue entries. */
@Injectable()
export class Retention {
  private readonly logger = new Logger(Retention.name);
  private orphansDue = 0;
  /** Directories that the present look has yet to come to. */
  private unseen: string[] = [];

  constructor(
    private readonly recovery: JobRecovery,
    private readonly reader: JobReader,
    private readonly files: JobFiles,
    @InjectQueue(JOB_QUEUE) private readonly queue: Queue<JobEntry>,
  ) {}

  /**
   * Removes a limited number of jobs and entries, and looks at a limited number of directories.
   * @returns whether there may be more to remove at once
   * @throws QueueSilentError while the queue is away; jobs and files are then dealt with already
   */
  async sweep(): Promise<boolean> {
    let more = await inBatches(() => this.removeExpired());
    if (this.unseen.length === 0 && Date.now() >= this.orphansDue) {
      this.orphansDue = Date.now() + ORPHANS_INTERVAL;
      this.unseen = await this.files.names();
    }
    if (await inBatches(() => this.removeOrphans())) more = true;
    for (const state of ['completed', 'failed'] as const) {
      const clean = async () => (await answerOfQueue(this.queue.clean(ENTRY_AGE, BATCH, state))).length;
      if (await inBatches(clean)) more = true;
    }
    return more;
  }

  private async removeExpired(): Promise<number> {
    const expired = await this.recovery.expire(BATCH);
    for (const jobId of expired) await this.files.remove(jobId);
    if (expired.length > 0) this.logger.log(`${expired.length} job(s) passed JOB_TTL and were removed.`);
    return expired.length;
  }

  /** @returns how many directories were looked at */
  private async removeOrphans(): Promise<number> {
    const names = this.unseen.splice(0, BATCH);
    const settled: string[] = [];
    for (const name of names) if (isUuid(name) && (await this.files.isSettled(name))) settled.push(name);
    const known = new Set(settled.length === 0 ? [] : (await this.reader.states(settled)).map(({ id }) => id));
    for (const jobId of settled) if (!known.has(jobId)) await this.files.remove(jobId);
    return names.length;
  }
}

/**
 * @param remove removes one batch
 * @returns whether the last batch was full too
 */
async function inBatches(remove: () => Promise<number>): Promise<boolean> {
  for (let batch = 0; batch < MOST_BATCHES; batch += 1) if ((await remove()) < BATCH) return false;
  return true;
}
