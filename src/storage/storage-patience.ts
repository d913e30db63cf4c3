import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { outageCause } from './outage-cause.js';
import { StorageError } from './storage-error.js';

/** Milliseconds between two tries while a storage is away. */
const FIRST_DELAY = 100;
const LONGEST_DELAY = 5_000;

const logger = new Logger('StoragePatience');

/** How an outage of a storage is waited out. */
export interface StoragePatience {
  /** the name of its block */
  readonly storage: string;
  /** milliseconds, from the first try on */
  readonly patience: number;
  readonly signal?: AbortSignal;
  /** Hears in a sentence what is waited for: once, when the first try was in vain. */
  readonly tell?: (sentence: string) => void;
}

/**
 * Tries again while a storage is away. The log of the service says why it is.
 * @param attempt does the same each time, and leaves nothing behind when it fails
 * @throws what the last try threw; the reason of the signal
 */
export async function patiently<T>(
  attempt: () => Promise<T>,
  { storage, patience, signal, tell }: StoragePatience,
): Promise<T> {
  const until = Date.now() + patience;
  for (let wait = FIRST_DELAY; ; wait = Math.min(2 * wait, LONGEST_DELAY)) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof StorageError && error.isPassing)) throw error;
      const isOver = Date.now() + wait >= until;
      if (wait === FIRST_DELAY) {
        const outage = `the storage ${storage}: ${error.message}`;
        const cause = outageCause(error);
        logger.warn(`${isOver ? 'Does not wait' : 'Waits'} for ${outage}${cause === undefined ? '' : ` (${cause})`}.`);
        if (!isOver) tell?.(`Waits for ${outage}.`);
      }
      if (isOver) throw error;
    }
    await delay(wait, undefined, { signal }).catch(() => undefined);
  }
}
