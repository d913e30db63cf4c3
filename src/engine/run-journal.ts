import type { StepTransactions, TransactionalJournal } from '../flows/step-host.js';
import {
  StepJournal,
  type Artifact,
  type StepEnd,
  type StepReceipt,
  type StepStart,
  type StepVerdict,
} from '../flows/step-journal.js';
import { stepAskFault } from './step-ask-check.js';
import { askJournal, storableAsk, storableEnd, type StepAsk } from './step-asks.js';

/** A promise that nothing settles, and that nothing keeps in memory. */
const never = <Value>() => new Promise<Value>(() => undefined);

/**
 * The journal of one run, beside the code that runs. It makes texts storable and refuses what goes beyond the bounds
 * with words for the author. Once the run has ended it is silent: no call reaches the journal any more, and none
 * settles, whether it is made then or was under way.
 */
export class RunJournal extends StepJournal {
  /** Absent where the journal has none. */
  readonly transactions?: StepTransactions;
  private closed = false;

  constructor(private readonly journal: TransactionalJournal) {
    super();
    const { transactions } = journal;
    if (transactions) this.transactions = { run: (work) => this.transact(transactions, work) };
  }

  /** @throws RangeError when the step goes beyond the bounds of what is kept */
  async begin(step: StepStart): Promise<StepVerdict> {
    return (await this.ask({ call: 'begin', step })) as StepVerdict;
  }

  /** @throws RangeError as {@link begin} does */
  async end(end: StepEnd): Promise<StepReceipt> {
    return (await this.ask({ call: 'end', end })) as StepReceipt;
  }

  /** @throws RangeError as {@link begin} does */
  async keep(artifact: Artifact): Promise<void> {
    await this.ask({ call: 'keep', artifact });
  }

  /** The run has ended. */
  close(): void {
    this.closed = true;
  }

  private async transact(
    transactions: StepTransactions,
    work: Parameters<StepTransactions['run']>[0],
  ): Promise<StepReceipt> {
    if (this.closed) return never();
    try {
      const receipt = await transactions.run(async (transaction) => {
        const end = storableEnd(await work(transaction));
        // Not with silence, as elsewhere: what was written has to be undone.
        if (this.closed) throw new Error('The run has ended');
        const fault = stepAskFault({ call: 'end', end });
        if (fault !== undefined) throw new RangeError(fault);
        return end;
      });
      return this.closed ? await never() : receipt;
    } catch (error) {
      if (this.closed) return never();
      throw error;
    }
  }

  private async ask(ask: StepAsk): Promise<unknown> {
    if (this.closed) return never();
    const storable = storableAsk(ask);
    const fault = stepAskFault({ ...storable });
    if (fault !== undefined) throw new RangeError(fault);
    try {
      const answer = await askJournal(this.journal, storable);
      return this.closed ? await never() : answer;
    } catch (error) {
      if (this.closed) return never();
      throw error;
    }
  }
}
