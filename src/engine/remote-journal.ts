import pLimit from 'p-limit';
import {
  StepJournal,
  type Artifact,
  type StepEnd,
  type StepReceipt,
  type StepStart,
  type StepVerdict,
} from '../flows/step-journal.js';
import type { StepAnswer, StepAsk } from './step-asks.js';

/** Steps of one run that wait at the same time for their verdict. */
const MOST_BEGINS = 256;
/** What one run has under way at the same time of ended steps and artifacts, which may carry a value each. */
const MOST_WRITES = 64;
/** Asks of one run that an executor has under way at most; the service refuses more. */
export const MOST_ASKS = MOST_BEGINS + MOST_WRITES;

interface Waiter {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The journal could not be asked, or failed. The run cannot go on. */
export class JournalError extends Error {
  override readonly name = 'JournalError';
}

/**
 * The journal of one run in an executor: asks the service through the channel and waits for the answers. The end of a
 * step has a lane of its own, so that it is never held up by steps that wait for a verdict.
 */
export class RemoteJournal extends StepJournal {
  private readonly waiting = new Map<number, Waiter>();
  private readonly begins = pLimit(MOST_BEGINS);
  private readonly writes = pLimit(MOST_WRITES);
  private asked = 0;

  /** @param send passes an ask on, and calls back when it cannot leave this process */
  constructor(private readonly send: (ask: number, call: StepAsk, failed: (error: Error) => void) => void) {
    super();
  }

  /** @throws JournalError when the channel is gone or the service cannot answer */
  begin(step: StepStart): Promise<StepVerdict> {
    return this.begins(() => this.ask({ call: 'begin', step })) as Promise<StepVerdict>;
  }

  /** @throws JournalError as {@link begin} does */
  end(end: StepEnd): Promise<StepReceipt> {
    return this.writes(() => this.ask({ call: 'end', end })) as Promise<StepReceipt>;
  }

  /** @throws JournalError as {@link begin} does */
  async keep(artifact: Artifact): Promise<void> {
    await this.writes(() => this.ask({ call: 'keep', artifact }));
  }

  /** Takes the answer to the ask of this number. */
  answer(ask: number, answer: StepAnswer): void {
    const waiter = this.waiting.get(ask);
    this.waiting.delete(ask);
    if ('error' in answer) waiter?.reject(new JournalError(answer.error));
    else waiter?.resolve(answer.value);
  }

  /** The run has ended: what waits is never answered. */
  close(): void {
    this.begins.clearQueue();
    this.writes.clearQueue();
    this.waiting.clear();
  }

  private ask(call: StepAsk): Promise<unknown> {
    const ask = ++this.asked;
    return new Promise((resolve, reject) => {
      this.waiting.set(ask, { resolve, reject });
      this.send(ask, call, (error) => this.answer(ask, { error: `The service cannot be reached: ${error.message}` }));
    });
  }
}
