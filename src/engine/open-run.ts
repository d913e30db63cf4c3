import type { StepJournal } from '../flows/step-journal.js';
import { BoundedLogger } from './bounded-logger.js';
import type { ExecutionObserver, ExecutionOutcome } from './execution-unit.js';
import type { ExecutorCommand, ExecutorMessage, RunNews } from './executor-messages.js';
import { OpenAsks } from './open-asks.js';
import type { StorageDesk } from './storage-desk.js';
import { OpenStorageAsks } from './open-storage-asks.js';
import type { HandlerOutcome } from './run-handler.js';

/** How a run in an executor ended, before limits and cancellation are considered. */
export type RunEnd = HandlerOutcome | Extract<ExecutionOutcome, { kind: 'crashed' }> | { readonly kind: 'not-started' };

/** A unit under way in an executor, on the side of the service. */
export class OpenRun {
  /** Resolves with the first end that is told. */
  readonly ended: Promise<RunEnd>;
  /** Resolves when the executor says that the hooks have been called. */
  readonly hooked: Promise<void>;
  /** Lines printed by the executor while the unit runs. */
  readonly printed: BoundedLogger;
  private readonly asks: OpenAsks;
  private readonly storageAsks: OpenStorageAsks;
  private resolveEnd!: (end: RunEnd) => void;
  private resolveHooked!: () => void;

  /** @param send passes a command to the executor */
  constructor(
    readonly number: number,
    private readonly observer: ExecutionObserver,
    desk: StorageDesk | undefined,
    journal: StepJournal | undefined,
    send: (command: ExecutorCommand) => void,
  ) {
    this.ended = new Promise((resolve) => (this.resolveEnd = resolve));
    this.hooked = new Promise((resolve) => (this.resolveHooked = resolve));
    this.printed = new BoundedLogger((line) => observer.log(line));
    this.asks = new OpenAsks(journal, (ask, answer) => send({ type: 'answer', run: number, ask, answer }));
    this.storageAsks = new OpenStorageAsks(desk, (ask, answer) =>
      send({ type: 'storage-answer', run: number, ask, answer }),
    );
  }

  tell({ lines, progress }: RunNews): void {
    for (const line of lines ?? []) this.observer.log(line);
    if (progress !== undefined) this.observer.progress(progress.percent, progress.message);
  }

  /** @returns false when no honest executor would have sent it */
  take(message: Extract<ExecutorMessage, { type: 'ask' }>): boolean {
    return this.asks.take(message.ask, message);
  }

  /** @returns false when no honest executor would have sent it */
  takeStorage(message: Extract<ExecutorMessage, { type: 'storage' }>): boolean {
    return this.storageAsks.take(message.ask, message);
  }

  /** Whoever asked for something hears no answer any more. */
  end(end: RunEnd): void {
    this.asks.close();
    this.storageAsks.close();
    this.resolveEnd(end);
  }

  endHooks(): void {
    this.resolveHooked();
  }

  /** Nothing of the run is left in the executor. */
  close(): void {
    this.printed.close();
  }
}
