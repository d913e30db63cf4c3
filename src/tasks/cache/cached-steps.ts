import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Database, type StatementRunner } from '../../database/database.js';
import { Statement } from '../../database/statement.js';
import type { StepCache } from '../../flows/step-journal.js';
import { StoredFiles } from '../../jobs/files/stored-files.js';
import { resultKey } from '../../jobs/limits/limit-keys.js';
import { isFileGone } from '../../storage/storage-unavailable.js';
import type { StoredStepOutput } from '../task.types.js';

/** Milliseconds; a time to live beyond it is none. */
const CENTURY = 100 * 365 * 86_400_000;

/** A step whose result is used again. */
export interface OriginStep {
  readonly job_id: string;
  readonly task_key: string;
  /** JSON text; nothing for a step without a result */
  readonly value: string | null;
  readonly outputs: readonly StoredStepOutput[] | null;
}

/** A step that has begun anew since is no origin any more. */
const FIND = new Statement<OriginStep>(
  'step_cache_find',
  `SELECT c.job_id, c.task_key, t.value::text AS value, t.outputs
   FROM result_cache c JOIN task_run t ON t.job_id = c.job_id AND t.key = c.task_key
   WHERE c.key = $1 AND t.state_type = 'COMPLETED' AND t.finished_at = c.created_at
     AND c.created_at > now() - $2::float8 * interval '1 ms' AND ($3::timestamptz IS NULL OR c.created_at > $3)`,
);

/** The files of the origin are gone, so it is of no use. */
const FORGET = new Statement('step_cache_forget', 'DELETE FROM result_cache WHERE key = $1 AND job_id = $2');

/** Results of steps that other steps may use (rule T16). */
@Injectable()
export class CachedSteps {
  constructor(
    private readonly database: Database,
    private readonly stored: StoredFiles,
  ) {}

  /**
   * Under which key a result is kept. The digest of the step has the version in it, which code has made; the process is
   * added here, so that no code reaches the results of another process.
   */
  keyOf(jobId: string, processId: string, { key, scope }: StepCache): string {
    return resultKey(scope === 'job' ? `${processId}:${jobId}` : processId, key);
  }

  /** @param since of a refresh: only what has been computed after this time counts */
  async find(
    transaction: StatementRunner,
    key: string,
    { ttl, refresh }: StepCache,
    since: string,
  ): Promise<OriginStep | undefined> {
    const values = [key, Math.min(ttl ?? CENTURY, CENTURY), refresh ? since : null];
    return (await transaction.execute(FIND, values))[0];
  }

  /**
   * Gives a job files of its own with the content of those of a result.
   * @param storage of the job
   * @returns nothing when they are gone, which is noted
   */
  async share(
    key: string,
    origin: OriginStep,
    jobId: string,
    storage: string | undefined,
  ): Promise<StoredStepOutput[] | undefined> {
    try {
      const copies = (origin.outputs ?? []).map(async (output) => ({
        ...output,
        path: await this.stored.share(output.path, jobId, storage, 'cached', randomUUID()),
      }));
      return await Promise.all(copies);
    } catch (error) {
      if (!isFileGone(error)) throw error;
      await this.database.execute(FORGET, [key, origin.job_id]);
      return undefined;
    }
  }
}
