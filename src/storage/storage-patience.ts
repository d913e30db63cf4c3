import { setTimeout as delay } from 'node:timers/promises';
import { StorageError } from './storage-error.js';

/** Milliseconds between two tries while a storage is away. */
const FIRST_DELAY = 100;
const LONGEST_DELAY = 5_000;

/** How an outage of a storage is waited out. */
export interface StoragePatience {
  /** milliseconds, from the first try on */
  readonly patience: number;
  readonly signal?: AbortSignal;
  /** Hears of it once, when the first try was in vain. */
  readonly waits?: (error: StorageError) => void;
}

/** The sentence for the log of a job. @param storage name of the block @param reason clause about a key in it */
export function waitingFor(storage: string, reason: string): string {
  return `Waits for the storage ${storage}: ${reason}.`;
}

/**
 * Tries again while a storage is away.
 * @param attempt does the same each time, and leaves nothing behind when it fails
 * @throws what the last try threw; the reason of the signal
 */
export async function patiently<T>(
  attempt: () => Promise<T>,
  { patience, signal, waits }: StoragePatience,
): Promise<T> {
  const until = Date.now() + patience;
  for (let wait = FIRST_DELAY; ; wait = Math.min(2 * wait, LONGEST_DELAY)) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      const mayPass = error instanceof StorageError && error.isPassing && Date.now() + wait < until;
      if (!mayPass) throw error;
      if (wait === FIRST_DELAY) waits?.(error);
    }
    await delay(wait, undefined, { signal }).catch(() => undefined);
  }
}
