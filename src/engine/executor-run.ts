import type { RegisteredProcess } from '../processes/registered-process.js';
import { BoundedLogger } from './bounded-logger.js';
import { fromWireInputs, type ExecutorCommand, type ExecutorMessage, type RunNews } from './executor-messages.js';
import { ExecutorOutbox } from './executor-outbox.js';
import { RemoteJournal } from './remote-journal.js';
import { RemoteStorages } from './remote-storages.js';
import { RunJournal } from './run-journal.js';
import { runHandler, type HandlerOutcome } from './run-handler.js';
import { callHooks, conclusionOf, hasHooks, type Conclusion } from './state-hooks.js';
import type { StorageAnswer } from './storage-asks.js';
import type { StepAnswer } from './step-asks.js';
import { stopError, type StopReason } from './time-limit.js';

/** Sends a message to the service. `left` is called when it has left this process, with an error when it cannot. */
export type Send = (message: ExecutorMessage, left?: (error: Error | null) => void) => void;

/** One unit in an executor: what its code tells the service and asks it for, and what comes back meanwhile. */
export class ExecutorRun {
  readonly number: number;
  /** For what providers log while the unit runs. */
  readonly logger: BoundedLogger;
  private readonly controller = new AbortController();
  private readonly outbox: ExecutorOutbox;
  private readonly remote?: RemoteJournal;
  private readonly storages: RemoteStorages;

  constructor(
    private readonly process: RegisteredProcess,
    private readonly command: Extract<ExecutorCommand, { type: 'run' }>,
    send: Send,
  ) {
    const { run, durable } = command;
    this.number = run;
    this.outbox = new ExecutorOutbox((news, done) => send({ type: 'news', run, news }, () => done()));
    this.logger = new BoundedLogger((line) => this.outbox.log(line));
    this.storages = new RemoteStorages((ask, asked, failed) =>
      send({ type: 'storage', run, ask, news: this.outbox.take(), ...asked }, (error) => {
        if (error !== null) failed(error);
      }),
    );
    if (!durable) return;
    this.remote = new RemoteJournal((ask, call, failed) =>
      send({ type: 'ask', run, ask, news: this.outbox.take(), ...call }, (error) => {
        if (error !== null) failed(error);
      }),
    );
  }

  /** Runs the code of the process. Never rejects. */
  async carryOut(inlineOutput: number): Promise<HandlerOutcome> {
    const { unit, inputs } = this.command;
    const journal = this.remote && new RunJournal(this.remote);
    const resolved = { ...unit, inputs: fromWireInputs(inputs) };
    try {
      return await runHandler(
        this.process,
        resolved,
        this.outbox,
        this.controller,
        inlineOutput,
        this.storages,
        journal,
      );
    } finally {
      this.remote?.close();
      this.storages.close();
    }
  }

  /** Whether the process wants to hear that this outcome stands. */
  hasHooks(outcome: HandlerOutcome): boolean {
    const conclusion = this.command.unit.task === undefined ? conclusionOf(outcome) : undefined;
    return conclusion !== undefined && hasHooks(this.process, conclusion);
  }

  /** Tells the process that its outcome stands. Never rejects. */
  callHooks({ state, message }: Conclusion): Promise<void> {
    return callHooks(this.process, { state, jobId: this.command.unit.jobId, message }, this.logger);
  }

  /** Everything told since the last message. */
  takeNews(): RunNews {
    return this.outbox.take();
  }

  /** Asks the code to end. */
  stop(reason: StopReason): void {
    this.controller.abort(stopError(reason));
  }

  answer(ask: number, answer: StepAnswer): void {
    this.remote?.answer(ask, answer);
  }

  answerStorage(ask: number, answer: StorageAnswer): void {
    this.storages.answer(ask, answer);
  }
}
