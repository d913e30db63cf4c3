import { RESULT_PREFIX } from '../limits/limit-keys.js';

/**
 * A part of a `WITH` clause, named `kept`: what ends now is what others who ask for the same shall get. Standing in the
 * statement of the end, it makes the result known at the moment in which the place of the one who computes it is free.
 * @param from the changed row that names the job, as alias
 * @param taskKey SQL of the key of the step; an empty text for the job itself
 * @param condition which ends are results
 */
export function keepResult(from: string, taskKey: string, condition = 'true'): string {
  return `kept AS (
     INSERT INTO result_cache (key, job_id, task_key, created_at)
     SELECT s.limit_key, ${from}.id, ${taskKey}, now()
     FROM ${from} JOIN concurrency_slot s ON s.job_id = ${from}.id AND s.task_key = ${taskKey}
       AND NOT s.waits AND starts_with(s.limit_key, '${RESULT_PREFIX}')
     WHERE ${condition}
     ON CONFLICT (key) DO UPDATE SET job_id = excluded.job_id, task_key = excluded.task_key,
       created_at = excluded.created_at
   )`;
}
