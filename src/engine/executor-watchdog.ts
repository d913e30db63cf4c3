import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';

/** What the watchdog writes before it ends an executor that uses too much memory; the parent looks for it. */
export const MEMORY_NOTICE = 'executor watchdog: the resident memory passed its limit';

const INTERVAL = 100;

/** What the watchdog looks after: the id of the service's process, and the resident memory of its own. */
export interface WatchdogData {
  readonly parent: number;
  /** bytes */
  readonly residentLimit: number;
}

/** A thread of the executor: it works while the main thread is stuck in a loop or in native code. */
function watch({ parent, residentLimit }: WatchdogData): void {
  setInterval(() => {
    if (process.ppid !== parent) end('executor watchdog: the service is gone');
    if (process.memoryUsage.rss() > residentLimit) end(MEMORY_NOTICE);
  }, INTERVAL);
}

function end(notice: string): void {
  try {
    writeSync(2, `${notice}\n`);
  } catch {
    // Nobody reads any more; ending is what matters.
  }
  // The executor leads its process group: whatever user code started goes with it.
  process.kill(-process.pid, 'SIGKILL');
}

// Only as the watchdog's thread; the parent imports this file for the notice.
if (workerData !== null && typeof workerData === 'object' && 'residentLimit' in workerData)
  watch(workerData as WatchdogData);
