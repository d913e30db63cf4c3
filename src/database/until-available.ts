import { setTimeout as delay } from 'node:timers/promises';
import { isDatabaseUnavailable } from './database-unavailable.js';

const FIRST_DELAY = 100;
const LONGEST_DELAY = 3_000;

/**
 * Repeats a database operation while the database is away, so that work already done is not lost to an outage.
 * Any other error is passed on. Operations must be safe to repeat: the answer to a lost connection is unknown.
 * @throws the reason of `signal` when it is aborted while waiting
 */
export async function untilAvailable<T>(operation: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (let wait = FIRST_DELAY; ; wait = Math.min(wait * 2, LONGEST_DELAY)) {
    try {
      return await operation();
    } catch (error) {
      if (!isDatabaseUnavailable(error)) throw error;
      await delay(wait, undefined, { signal });
    }
  }
}
