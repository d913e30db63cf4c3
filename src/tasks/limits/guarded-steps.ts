import type { StepEnd, StepReceipt, StepStart, StepVerdict } from '../../flows/step-journal.js';
import type { SlotQueue } from '../../jobs/limits/slot-queue.js';
import type { AskingJob, Entry, StepEntrance } from './step-entrance.js';

/** How often a step that waits in place asks again, in case nobody said that a place is free. Milliseconds. */
const SAFETY_POLL = 1_000;

/** What the guarded steps of every job work with. */
export interface GuardTools {
  readonly entrance: StepEntrance;
  readonly queue: SlotQueue;
  readonly workerId: string;
}

/**
 * The steps of one job that ask before they begin. One that finds no place waits where it is as long as other steps of
 * the job run, which keep the worker anyway; else the job gives its worker free, and the queue wakes it.
 */
export class GuardedSteps {
  /** Steps whose code runs. */
  private readonly active = new Set<string>();
  /** Steps that wait for something, here or until the job is woken. */
  private readonly waiting = new Set<string>();
  /** Steps that wait here, and what makes them ask again. */
  private readonly nudges = new Set<() => void>();
  private readonly keys = new Map<string, readonly string[]>();
  /** How many attempts have ended. */
  private endings = 0;

  constructor(
    private readonly job: AskingJob,
    private readonly signal: AbortSignal,
    private readonly tools: GuardTools,
  ) {}

  /** Keys under which others may wait for this run of the job to end. */
  get limitKeys(): string[] {
    return [...new Set([...this.keys.values()].flat())];
  }

  /**
   * Asks for a step, for as long as it waits in place.
   * @param patiently waits for a database that is away
   * @throws the reason of the signal
   */
  async enter(step: StepStart, patiently: <T>(operation: () => Promise<T>) => Promise<T>): Promise<Entry> {
    const { entrance, workerId } = this.tools;
    const keys = entrance.keysOf(this.job, step);
    this.keys.set(step.key, keys);
    try {
      for (;;) {
        const seen = this.endings;
        const entry = await patiently(() => entrance.enter(this.job, step, workerId));
        if (entry.kind !== 'waits') return entry;
        // An attempt that ended meanwhile may have given free what this one did not find.
        if (seen !== this.endings) continue;
        this.waiting.add(step.key);
        if (!this.isBusyBeside()) return entry;
        await this.nudge(keys);
        this.signal.throwIfAborted();
      }
    } finally {
      this.waiting.delete(step.key);
    }
  }

  /** Notes what is done about a step. */
  begun({ key }: StepStart, verdict: StepVerdict): void {
    if (verdict.do === 'run') this.active.add(key);
    if (verdict.do === 'suspend') {
      this.waiting.add(key);
      this.nudgeAll();
    }
  }

  /** Notes that an attempt has ended: its places are free. */
  async ended({ key, end }: Pick<StepEnd, 'key' | 'end'>, receipt: StepReceipt): Promise<void> {
    const goesOn = end === 'retry' && receipt.do === 'go';
    if (!goesOn) this.active.delete(key);
    this.endings += 1;
    const keys = this.keys.get(key);
    // Only a hint: who is not woken now is found by the supervisor.
    if (keys !== undefined) await this.tools.queue.freed(keys).catch(() => undefined);
    this.nudgeAll();
  }

  /** Whether the job keeps its worker for other steps than those which wait, and the ones around them. */
  private isBusyBeside(): boolean {
    const waiting = [...this.waiting];
    return [...this.active].some((key) => !waiting.some((one) => one === key || one.startsWith(`${key}/`)));
  }

  /** Resolves when it is worth asking again. */
  private async nudge(keys: readonly string[]): Promise<void> {
    let nudge!: () => void;
    const nudged = new Promise<void>((resolve) => (nudge = resolve));
    const timer = setTimeout(nudge, SAFETY_POLL);
    const ignore = this.tools.queue.listen(keys, nudge);
    this.nudges.add(nudge);
    this.signal.addEventListener('abort', nudge, { once: true });
    try {
      await nudged;
    } finally {
      clearTimeout(timer);
      ignore();
      this.nudges.delete(nudge);
      this.signal.removeEventListener('abort', nudge);
    }
  }

  private nudgeAll(): void {
    for (const nudge of this.nudges) nudge();
  }
}
