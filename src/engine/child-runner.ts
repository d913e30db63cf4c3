import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import type { RegisteredProcess } from '../processes/registered-process.js';
import type { CheckedJournal } from './checked-journal.js';
import { assertExecutable } from './executable-processes.js';
import { crashFault, invalidOutput, serviceFault, startFault } from './execution-faults.js';
import type { ExecutionObserver, ExecutionOutcome, ExecutionUnit } from './execution-unit.js';
import { ExecutorPool } from './executor-pool.js';
import { ExecutorStartError, type ExecutorProcess } from './executor-process.js';
import type { RunEnd } from './open-run.js';
import { violationsOfReport } from './reported-outputs.js';
import { conclusionOf } from './state-hooks.js';
import type { StorageDesk } from './storage-desk.js';
import { stoppedOutcome } from './stopped-outcome.js';
import { type StopReason, type StopSignal, TimeLimit } from './time-limit.js';
import { removeWorkDirectory } from './work-directory.js';

/** An executor may die of what an earlier run left behind before it looks at the next one; that one is tried again. */
const MOST_STARTS = 3;

/** Runs processes of isolation `child` in executors, one unit at a time in each. */
@Injectable()
export class ChildRunner {
  constructor(
    private readonly settings: Settings,
    private readonly pool: ExecutorPool,
  ) {}

  async run(
    process: RegisteredProcess,
    unit: ExecutionUnit,
    observer: ExecutionObserver,
    signal: StopSignal,
    desk: StorageDesk,
    journal?: CheckedJournal,
  ): Promise<ExecutionOutcome> {
    for (let start = 1; start <= MOST_STARTS; start++) {
      let executor: ExecutorProcess;
      try {
        executor = await this.pool.acquire(signal);
      } catch (error) {
        if (signal.aborted) return { kind: 'cancelled' };
        // Neither is the verdict of the process: another node, or a later attempt, may run it.
        // The pool has logged the reason.
        if (error instanceof ExecutorStartError) return { kind: 'crashed', fault: startFault() };
        if (error instanceof DomainError) return { kind: 'crashed', fault: serviceFault(error) };
        throw error;
      }
      const outcome = await this.runIn(executor, process, unit, observer, signal, desk, journal);
      if (outcome !== undefined) return outcome;
    }
    return { kind: 'crashed', fault: crashFault(`${MOST_STARTS} executors ended before they began`) };
  }

  /** @returns undefined when the executor died before it began */
  private async runIn(
    executor: ExecutorProcess,
    process: RegisteredProcess,
    unit: ExecutionUnit,
    observer: ExecutionObserver,
    signal: StopSignal,
    desk: StorageDesk,
    journal?: CheckedJournal,
  ): Promise<ExecutionOutcome | undefined> {
    let limit: TimeLimit | undefined;
    let reason: StopReason | undefined;
    let end: RunEnd | undefined;
    let isTrusted = true;
    try {
      assertExecutable([process], executor.processes);
      if (signal.aborted) return { kind: 'cancelled' };
      const { CANCEL_GRACE } = this.settings;
      limit = new TimeLimit(
        unit.timeout,
        CANCEL_GRACE,
        signal,
        (reason) => executor.stop(reason),
        () => executor.kill(),
      );
      const reported = await executor.execute(unit, observer, desk, journal);
      if (journal?.isWriting === true) await Promise.race([journal.settled(), executor.gone]);
      end = await checked(reported, process, unit, journal);
      isTrusted = end === reported;
      // From here on nothing changes the outcome any more.
      reason = limit.end();
      const conclusion = conclusionOf(end);
      if (conclusion !== undefined && isTrusted && reason === undefined) await executor.conclude(conclusion);
    } finally {
      limit?.end();
      this.pool.release(executor, reason === undefined && isTrusted);
      // A dead executor cannot clean up after itself.
      if (end?.kind === 'crashed') await removeWorkDirectory(unit.directory).catch(() => undefined);
    }
    if (reason !== undefined) return stoppedOutcome(reason, unit);
    return end.kind === 'not-started' ? undefined : end;
  }
}

/**
 * Fails a run whose journal failed, or whose result names what it may not: the process it came from is not used again.
 */
async function checked(
  end: RunEnd,
  process: RegisteredProcess,
  unit: ExecutionUnit,
  journal?: CheckedJournal,
): Promise<RunEnd> {
  if (end.kind === 'crashed' || end.kind === 'not-started') return end;
  if (journal?.failure !== undefined) return { kind: 'failed', fault: journal.failure };
  if (end.kind !== 'succeeded') return end;
  const violations =
    journal === undefined
      ? await violationsOfReport(end.outputs, process.description.outputs, unit.directory)
      : await journal.violationsOf(end.outputs);
  return violations.length === 0 ? end : { kind: 'failed', fault: invalidOutput(violations) };
}
