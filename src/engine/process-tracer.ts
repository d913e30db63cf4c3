import { Injectable } from '@nestjs/common';
import { traceFlow } from '../flows/graph/flow-tracer.js';
import { declaredGraph, type TaskGraph } from '../flows/graph/task-graph.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import type { RegisteredProcess } from '../processes/registered-process.js';
import { startFault } from './execution-faults.js';
import { ExecutorPool } from './executor-pool.js';
import { ExecutorStartError, type ExecutorProcess } from './executor-process.js';

/** Milliseconds in which an executor must be found. */
const PATIENCE = 10_000;
/** Milliseconds for a trace; it ends itself after two, unless the code holds up its executor. */
const LIMIT = 5_000;

/**
 * Finds out the steps of a flow before it runs. The code between the steps runs for that, in an executor, whatever the
 * isolation of the process; the executor is not used again.
 */
@Injectable()
export class ProcessTracer {
  constructor(private readonly pool: ExecutorPool) {}

  /**
   * A flow whose code cannot be looked at gives what its declarations tell, which is not complete.
   * @throws DomainError `too-busy` when no executor is free, `shutting-down`, `crashed` when none can be started
   */
  async trace(process: RegisteredProcess): Promise<TaskGraph> {
    // Nothing of it is called, so that it may be looked at here.
    if (process.policy.executor === undefined) return traceFlow(process);
    const { id, version } = process.description;
    const executor = await this.acquire();
    try {
      const isKnown = executor.processes.some((known) => known.id === id && known.version === version);
      if (!isKnown) return declaredOnly(process, 'its code is not in the executors');
      return await executor.trace(id, LIMIT);
    } catch (error) {
      return declaredOnly(process, (error as Error).message);
    } finally {
      this.pool.release(executor, false);
    }
  }

  private async acquire(): Promise<ExecutorProcess> {
    const signal = AbortSignal.timeout(PATIENCE);
    try {
      return await this.pool.acquire(signal);
    } catch (error) {
      if (signal.aborted) {
        throw new DomainError('too-busy', 'No executor is free to look at the flow.', { retryAfter: PATIENCE / 1_000 });
      }
      if (error instanceof ExecutorStartError) throw new DomainError('crashed', startFault().detail);
      throw error;
    }
  }
}

function declaredOnly({ tasks = [] }: RegisteredProcess, reason: string): TaskGraph {
  return { ...declaredGraph(tasks), complete: false, reason };
}
