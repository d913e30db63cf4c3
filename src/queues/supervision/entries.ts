import type { Queue } from 'bullmq';
import type { Redispatch } from '../../jobs/store/job-leases.js';
import { answerOfQueue } from '../answer-of-queue.js';
import { entryId, type JobEntry } from '../job-queue.js';

/** Entries the queue is asked for at once. */
const LOOKUPS = 50;
/** Entry states in which a worker will still come to the job. */
const ALIVE = new Set(['waiting', 'active', 'delayed', 'prioritized', 'waiting-children']);

/**
 * Sees to it that the entries of jobs that need not wait do not wait. One that is put off is brought forward: the queue
 * goes by the clock of whoever put it off, and that clock may be wrong.
 * @returns the jobs that have no entry to be hurried
 * @throws QueueSilentError while the queue is away
 */
export async function hurryEntries<Job extends Redispatch>(
  queue: Queue<JobEntry>,
  jobs: readonly Job[],
): Promise<Job[]> {
  const missing: Job[] = [];
  for (let start = 0; start < jobs.length; start += LOOKUPS) {
    const some = jobs.slice(start, start + LOOKUPS);
    const entries = some.map(({ id, dispatches, task }) => entryId(id, dispatches, task));
    const states = await answerOfQueue(Promise.all(entries.map((entry) => queue.getJobState(entry))));
    const putOff = entries.filter((_, index) => states[index] === 'delayed');
    await answerOfQueue(Promise.all(putOff.map((entry) => bringForward(queue, entry))));
    missing.push(...some.filter((_, index) => !ALIVE.has(states[index])));
  }
  return missing;
}

async function bringForward(queue: Queue<JobEntry>, entry: string): Promise<void> {
  const found = await queue.getJob(entry);
  // Its time may have come in between; what else went wrong is tried again at the next look.
  await found?.promote().catch(() => undefined);
}
