import type { Redispatch } from './store/job-leases.js';

/** Port to the queue, for what makes a job wait for a worker again. The room of the queues provides it. */
export abstract class JobDispatch {
  /**
   * Puts a job on the queue, soon. Nothing is lost when that fails: the row is the truth, and the supervisor finds it.
   * @param delay milliseconds until a worker is to look at it
   */
  abstract dispatch(job: Redispatch, delay?: number): void;
}
