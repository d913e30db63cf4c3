import { Injectable, Logger } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import type { TransactionalJournal } from '../flows/step-host.js';
import { ProcessRegistry } from '../processes/process-registry.js';
import { Storages } from '../storage/storages.js';
import { concealedJournal, concealedObserver, concealedOutcome } from './concealed-run.js';
import { CheckedJournal } from './checked-journal.js';
import { ChildRunner } from './child-runner.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import { serviceFault, stackOf, suspensionFault } from './execution-faults.js';
import type { ExecutionObserver, ExecutionOutcome, ExecutionUnit } from './execution-unit.js';
import { InlineRunner } from './inline-runner.js';
import { StorageDesk } from './storage-desk.js';
import type { StopSignal } from './time-limit.js';

/** What a unit comes to whose steps nobody keeps: nothing could wake it. */
export type FinalOutcome = Exclude<ExecutionOutcome, { kind: 'suspended' }>;

/** Runs the code of processes: in an executor, or in this event loop for a process that asked for it. */
@Injectable()
export class Engine {
  private readonly logger = new Logger(Engine.name);

  constructor(
    private readonly registry: ProcessRegistry,
    private readonly inline: InlineRunner,
    private readonly child: ChildRunner,
    private readonly storages: Storages,
    private readonly settings: Settings,
  ) {}

  /**
   * Carries out one unit. Never rejects: whatever happens is in the outcome.
   *
   * @param observer hears progress and log lines, and nothing after the returned promise is settled
   * @param signal cancels: the code is asked to stop and ended CANCEL_GRACE later
   * @param steps keeps what the steps of the unit come to, and a run in which it rejects fails; without it nothing of
   * them outlives the run
   */
  run(unit: ExecutionUnit, observer: ExecutionObserver, signal: StopSignal): Promise<FinalOutcome>;
  run(
    unit: ExecutionUnit,
    observer: ExecutionObserver,
    signal: StopSignal,
    steps?: TransactionalJournal,
  ): Promise<ExecutionOutcome>;
  async run(
    unit: ExecutionUnit,
    observer: ExecutionObserver,
    signal: StopSignal,
    steps?: TransactionalJournal,
  ): Promise<ExecutionOutcome> {
    const { secrets } = unit;
    const guarded = new GuardedObserver(concealedObserver(observer, secrets), this.logger);
    try {
      if (signal.aborted) return { kind: 'cancelled' };
      const process = this.registry.get(unit.processId);
      const runner = process.policy.isolation === 'inline' ? this.inline : this.child;
      const journal = steps && new CheckedJournal(concealedJournal(steps, secrets), process.description.outputs, unit);
      const desk = new StorageDesk(this.storages, process, unit, guarded, this.settings.STORAGE_PATIENCE);
      const outcome = concealedOutcome(await runner.run(process, unit, guarded, signal, desk, journal), secrets);
      const isFinal = outcome.kind !== 'suspended' || journal !== undefined;
      return isFinal ? outcome : { kind: 'failed', fault: suspensionFault() };
    } catch (error) {
      if (!(error instanceof DomainError)) this.logger.error(`Job ${unit.jobId} could not be run: ${stackOf(error)}`);
      return signal.aborted
        ? { kind: 'cancelled' }
        : concealedOutcome({ kind: 'failed', fault: serviceFault(error) }, secrets);
    } finally {
      guarded.close();
    }
  }
}

/** Keeps a faulty observer from harming the run, and the run from speaking after its end. */
class GuardedObserver implements ExecutionObserver {
  private closed = false;

  constructor(
    private readonly observer: ExecutionObserver,
    private readonly logger: Logger,
  ) {}

  progress(percent: number, message?: string): void {
    this.call(() => this.observer.progress(percent, message));
  }

  log(line: Parameters<ExecutionObserver['log']>[0]): void {
    this.call(() => this.observer.log(line));
  }

  close(): void {
    this.closed = true;
  }

  private call(tell: () => void): void {
    if (this.closed) return;
    try {
      tell();
    } catch (error) {
      this.logger.error('The observer of an execution failed', error);
    }
  }
}
