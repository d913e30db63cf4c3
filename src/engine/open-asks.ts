import type { StepJournal } from '../flows/step-journal.js';
import { serviceFault } from './execution-faults.js';
import { MOST_ASKS } from './remote-journal.js';
import { askJournal, type StepAnswer, type StepAsk } from './step-asks.js';

/** The service's end of a run's journal: what the executor asked for and has no answer to yet. */
export class OpenAsks {
  private readonly open = new Set<number>();
  private closed = false;

  /**
   * @param journal absent for a run whose executor keeps its steps itself
   * @param answer sends an answer to the executor
   */
  constructor(
    private readonly journal: StepJournal | undefined,
    private readonly answer: (ask: number, answer: StepAnswer) => void,
  ) {}

  /**
   * Carries out an ask and answers it later. A failure of the journal is answered in words without any of its inner
   * workings.
   * @returns false when no honest executor would have sent it
   */
  take(ask: number, call: StepAsk): boolean {
    if (this.closed) return true;
    if (this.journal === undefined || this.open.has(ask) || this.open.size >= MOST_ASKS) return false;
    this.open.add(ask);
    askJournal(this.journal, call).then(
      (value) => this.settle(ask, { value }),
      (error: unknown) => this.settle(ask, { error: serviceFault(error).detail }),
    );
    return true;
  }

  /** The run has ended: nobody hears an answer any more. */
  close(): void {
    this.closed = true;
  }

  private settle(ask: number, answer: StepAnswer): void {
    this.open.delete(ask);
    if (!this.closed) this.answer(ask, answer);
  }
}
