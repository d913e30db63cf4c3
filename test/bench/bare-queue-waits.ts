import { Queue, Worker } from 'bullmq';
import { connect, type QueueAt } from './queue-at.js';

const NAME = 'bench-waits';

/** BullMQ by itself: from `add` to the begin of the processor, one job at a time. Milliseconds. */
export async function bareQueueWaits(at: QueueAt, jobs: number): Promise<number[]> {
  const { connection, pool } = connect(at);
  const queue = new Queue(NAME, { connection });
  let begun: () => void = () => undefined;
  const worker = new Worker(NAME, () => Promise.resolve(begun()), { connection });
  await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
  const waits: number[] = [];
  for (let job = 0; job < jobs; job += 1) {
    const active = new Promise<void>((resolve) => (begun = resolve));
    const added = performance.now();
    const isAdded = queue.add('job', { jobId: 'none' });
    await active;
    waits.push(performance.now() - added);
    await isAdded;
  }
  await worker.close();
  await queue.obliterate({ force: true });
  await queue.close();
  await pool?.end();
  return waits;
}
