import type { JobChanges } from './job-changes.js';
import type { StepRow } from './store/step-row.js';
import type { TaskDispatches } from './store/task-dispatches.js';

/** How long the run of a flow stays when nothing ends, to save its beginning anew. Milliseconds. */
const PATIENCE = 300;
/** Looks are made at least this often while it stays, in case a hint was missed. Milliseconds. */
const SAFETY_POLL = 100;

/** What {@link TaskWatch} works with. */
export interface WatchTools {
  readonly changes: JobChanges;
  readonly dispatches: TaskDispatches;
}

/**
 * Stays a short while for tasks that other workers have, so that the flow need not begin anew for each of them: until
 * none has ended for {@link PATIENCE}.
 */
export class TaskWatch {
  /** How many tasks have ended before the eyes of this run. */
  seen = 0;
  private readonly waiting = new Map<string, (row?: StepRow) => void>();
  private until = 0;
  private isWatching = false;

  /** @param patiently waits for a database that is away; rejects when the job has to stop */
  constructor(
    private readonly jobId: string,
    private readonly isPatient: boolean,
    private readonly patiently: <T>(operation: () => Promise<T>) => Promise<T>,
    private readonly tools: WatchTools,
  ) {}

  /** @returns the task once no worker has it any more; nothing when that takes longer than this run stays */
  async ended(key: string): Promise<StepRow | undefined> {
    if (!this.isPatient) return undefined;
    return await new Promise((resolve) => {
      this.waiting.set(key, resolve);
      this.until = Date.now() + PATIENCE;
      if (!this.isWatching) void this.watch();
    });
  }

  private async watch(): Promise<void> {
    this.isWatching = true;
    try {
      while (this.waiting.size > 0 && Date.now() < this.until) {
        await this.tools.changes.next(this.jobId, Math.min(SAFETY_POLL, Math.max(1, this.until - Date.now())));
        const rows = await this.patiently(() => this.tools.dispatches.ended(this.jobId, [...this.waiting.keys()]));
        for (const row of rows) this.settle(row);
      }
    } catch {
      // The job has to stop, which whoever waits notices.
    }
    this.isWatching = false;
    for (const resolve of this.waiting.values()) resolve();
    this.waiting.clear();
  }

  private settle(row: StepRow): void {
    this.seen += 1;
    this.until = Date.now() + PATIENCE;
    this.waiting.get(row.key)?.(row);
    this.waiting.delete(row.key);
  }
}
