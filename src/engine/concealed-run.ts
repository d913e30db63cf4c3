import type { KnownSecrets } from '../blocks/secrets/known-secrets.js';
import type { ProcessFault } from '../flows/process-fault.js';
import type { StepTransactions, TransactionalJournal } from '../flows/step-host.js';
import {
  type Artifact,
  type InputRequest,
  type StepEnd,
  StepJournal,
  type StepReceipt,
  type StepStart,
  type StepVerdict,
} from '../flows/step-journal.js';
import type { ExecutionFault, ExecutionObserver, ExecutionOutcome, LogLine } from './execution-unit.js';

/** An observer that hears of an execution without the secrets that it was given. */
export function concealedObserver(observer: ExecutionObserver, secrets: KnownSecrets | undefined): ExecutionObserver {
  if (secrets === undefined) return observer;
  return {
    progress: (percent, message) => observer.progress(percent, message && secrets.hideIn(message)),
    log: (line) => observer.log(concealedLine(line, secrets)),
  };
}

/** A journal that keeps the words of steps without the secrets. What steps result in is up to the code. */
export function concealedJournal(
  journal: TransactionalJournal,
  secrets: KnownSecrets | undefined,
): TransactionalJournal {
  return secrets === undefined ? journal : new ConcealedJournal(journal, secrets);
}

/** How an execution ended, its fault without the secrets. */
export function concealedOutcome(outcome: ExecutionOutcome, secrets: KnownSecrets | undefined): ExecutionOutcome {
  if (secrets === undefined || !('fault' in outcome)) return outcome;
  return { ...outcome, fault: concealedFault(outcome.fault, secrets) };
}

class ConcealedJournal extends StepJournal {
  /** Absent where the journal has none. */
  readonly transactions?: StepTransactions;

  constructor(
    private readonly journal: TransactionalJournal,
    private readonly secrets: KnownSecrets,
  ) {
    super();
    const { transactions } = journal;
    if (transactions === undefined) return;
    this.transactions = {
      run: (work) => transactions.run(async (transaction) => this.concealed(await work(transaction))),
    };
  }

  begin(step: StepStart): Promise<StepVerdict> {
    const { request } = step;
    return this.journal.begin(request === undefined ? step : { ...step, request: this.concealedRequest(request) });
  }

  end(end: StepEnd): Promise<StepReceipt> {
    return this.journal.end(this.concealed(end));
  }

  keep(artifact: Artifact): Promise<void> {
    return this.journal.keep(artifact);
  }

  private concealed(end: StepEnd): StepEnd {
    switch (end.end) {
      case 'completed':
        return end.message === undefined ? end : { ...end, message: this.secrets.hideIn(end.message) };
      case 'failed':
      case 'retry':
        return { ...end, fault: this.concealedFault(end.fault) };
      case 'paused':
        return { ...end, request: this.concealedRequest(end.request) };
    }
  }

  private concealedFault(fault: ProcessFault): ProcessFault {
    return { ...fault, message: this.secrets.hideIn(fault.message) };
  }

  private concealedRequest(request: InputRequest): InputRequest {
    return request.message === undefined ? request : { ...request, message: this.secrets.hideIn(request.message) };
  }
}

function concealedLine({ data, ...line }: LogLine, secrets: KnownSecrets): LogLine {
  const message = secrets.hideIn(line.message);
  return { ...line, message, ...(data !== undefined && { data: secrets.hideInJson(data) }) };
}

function concealedFault(fault: ExecutionFault, secrets: KnownSecrets): ExecutionFault {
  const detail = secrets.hideIn(fault.detail);
  const errors = fault.errors?.map(({ pointer, detail: of }) => ({
    pointer: secrets.hideIn(pointer),
    detail: secrets.hideIn(of),
  }));
  return { ...fault, detail, ...(errors !== undefined && { errors }) };
}
