import { Injectable } from '@nestjs/common';
import { ProcessTracer } from '../engine/process-tracer.js';
import type { TaskGraph } from '../flows/graph/task-graph.js';
import { ProcessRegistry } from '../processes/process-registry.js';
import type { RegisteredProcess } from '../processes/registered-process.js';

/** The graphs of the processes. Each is found out once, since a process does not change while the service runs. */
@Injectable()
export class ProcessGraphs {
  private readonly graphs = new WeakMap<RegisteredProcess, Promise<TaskGraph>>();

  constructor(
    private readonly registry: ProcessRegistry,
    private readonly tracer: ProcessTracer,
  ) {}

  /** @throws DomainError `no-such-process`, and those of {@link ProcessTracer.trace} */
  async of(processId: string): Promise<TaskGraph> {
    const process = this.registry.get(processId);
    const known = this.graphs.get(process);
    if (known !== undefined) return await known;
    const found = this.tracer.trace(process);
    this.graphs.set(process, found);
    try {
      return await found;
    } catch (error) {
      // Another time there may be an executor.
      this.graphs.delete(process);
      throw error;
    }
  }
}
