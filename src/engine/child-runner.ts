import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import type { RegisteredProcess } from '../processes/registered-process.js';
import { assertExecutable } from './executable-processes.js';
import { crashFault, serviceFault, startFault } from './execution-faults.js';
import type { ExecutionObserver, ExecutionOutcome, ExecutionUnit } from './execution-unit.js';
import { ExecutorPool } from './executor-pool.js';
import { ExecutorStartError, type ExecutorProcess, type RunEnd } from './executor-process.js';
import { stoppedOutcome } from './stopped-outcome.js';
import { TimeLimit } from './time-limit.js';
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
    signal: AbortSignal,
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
      const outcome = await this.runIn(executor, process, unit, observer, signal);
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
    signal: AbortSignal,
  ): Promise<ExecutionOutcome | undefined> {
    let limit: TimeLimit | undefined;
    let end: RunEnd | undefined;
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
      end = await executor.execute(unit, observer);
    } finally {
      limit?.end();
      this.pool.release(executor, limit?.reason === undefined);
      // A dead executor cannot clean up after itself.
      if (end?.kind === 'crashed') await removeWorkDirectory(unit.directory).catch(() => undefined);
    }
    if (limit.reason !== undefined) return stoppedOutcome(limit.reason, unit.timeout);
    return end.kind === 'not-started' ? undefined : end;
  }
}
