import { Injectable } from '@nestjs/common';
import type { DrawnGraph } from '../flows/graph/drawn-graph.js';
import type { TaskGraph } from '../flows/graph/task-graph.js';
import { isTerminal } from '../jobs/job-state.js';
import { type JobDetailRow, JobReader } from '../jobs/store/job-reader.js';
import { ProcessRegistry } from '../processes/process-registry.js';
import { TaskList, type TaskPosition } from '../tasks/store/task-list.js';
import { JobGraph } from './job-graph.js';
import { ProcessGraphs } from './process-graphs.js';

/** Steps that are read at once. */
const PAGE = 2_000;

/** A job with its graph. */
export interface GraphOfJob {
  readonly job: JobDetailRow;
  readonly graph: DrawnGraph;
}

/** The graphs of jobs, made anew each time. */
@Injectable()
export class JobGraphs {
  constructor(
    private readonly reader: JobReader,
    private readonly tasks: TaskList,
    private readonly registry: ProcessRegistry,
    private readonly processes: ProcessGraphs,
  ) {}

  /** @throws DomainError `no-such-job` */
  async of(jobId: string): Promise<GraphOfJob> {
    const job = await this.reader.get(jobId);
    const graph = new JobGraph(await this.expected(job));
    let after: TaskPosition | undefined;
    for (;;) {
      const page = await this.tasks.page(job.id, PAGE, after);
      for (const step of page) graph.add(step);
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) break;
      after = [last.seq, last.key];
    }
    return { job, graph: graph.drawn(isTerminal(job.state_type)) };
  }

  /** What the job is expected to do, as far as that can be told. What it has done is shown in any case. */
  private async expected({ process_id: id, process_version: version }: JobDetailRow): Promise<TaskGraph> {
    const found = this.registry.find(id)?.description.version;
    if (found !== version) return unknown(`the service does not have version ${version} of the process`);
    return await this.processes.of(id).catch((error: Error) => unknown(error.message.replace(/\.$/, '')));
  }
}

function unknown(reason: string): TaskGraph {
  return { nodes: [], edges: [], complete: false, reason };
}
