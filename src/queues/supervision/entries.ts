import type { Queue } from 'bullmq';
import type { Redispatch } from '../../jobs/store/job-leases.js';
import { answerOfQueue } from '../answer-of-queue.js';
import { entryId, type JobEntry } from '../job-queue.js';

/** Entries the queue is asked for at once. */
const LOOKUPS = 50;
/** Entry states in which a worker will still come to the job. */
const ALIVE = new Set(['waiting', 'active', 'delayed', 'prioritized', 'waiting-children']);

/**
 * @returns those of the jobs that no entry leads to
 * @throws QueueSilentError while the queue is away
 */
export async function withoutEntry<Job extends Redispatch>(
  queue: Queue<JobEntry>,
  jobs: readonly Job[],
): Promise<Job[]> {
  const missing: Job[] = [];
  for (let start = 0; start < jobs.length; start += LOOKUPS) {
    const some = jobs.slice(start, start + LOOKUPS);
    const lookups = some.map((job) => queue.getJobState(entryId(job.id, job.dispatches, job.task)));
    const states = await answerOfQueue(Promise.all(lookups));
    missing.push(...some.filter((_, index) => !ALIVE.has(states[index])));
  }
  return missing;
}
