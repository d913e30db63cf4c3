import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { ProcessRegistry } from '../processes/process-registry.js';
import { assertExecutable } from './executable-processes.js';
import { ExecutorPool } from './executor-pool.js';

/**
 * Starts the warm executors and compares what the first one can run with what this service offers, so that a process
 * the executors cannot load fails the start rather than its first job. Without warm executors, or without a process
 * that needs one, nothing is started and each run checks for itself.
 */
@Injectable()
export class ExecutorCheck implements OnApplicationBootstrap {
  constructor(
    private readonly settings: Settings,
    private readonly registry: ProcessRegistry,
    private readonly pool: ExecutorPool,
  ) {}

  /** @throws UnexecutableProcessError, ExecutorStartError */
  async onApplicationBootstrap(): Promise<void> {
    // An API alone sends everything that is not inline through the queue.
    if (this.settings.ROLE === 'api') return;
    const inChildren = this.registry.list().filter(({ policy }) => policy.isolation === 'child');
    if (this.settings.EXECUTOR_WARM === 0 || inChildren.length === 0) return;
    this.pool.warm();
    const executor = await this.pool.acquire(new AbortController().signal);
    try {
      assertExecutable(inChildren, executor.processes);
    } catch (error) {
      await this.pool.close();
      throw error;
    }
    this.pool.release(executor, true);
  }
}
