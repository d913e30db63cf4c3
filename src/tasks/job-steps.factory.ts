import { Injectable } from '@nestjs/common';
import pLimit, { type LimitFunction } from 'p-limit';
import { Settings } from '../config/settings.js';
import { Database } from '../database/database.js';
import { JobDispatch } from '../jobs/job-dispatch.js';
import type { RunFiles } from '../jobs/files/run-files.js';
import { SlotQueue } from '../jobs/limits/slot-queue.js';
import { ChildJobs } from './child-jobs.js';
import { JobChanges } from './job-changes.js';
import { JobSteps, type JobStepsTools, type SteppingJob } from './job-steps.js';
import { StepEntrance } from './limits/step-entrance.js';
import type { RunLog } from './run-log.js';
import { Artifacts } from './store/artifacts.js';
import { StepBeginnings } from './store/step-beginnings.js';
import { StepEndings } from './store/step-endings.js';
import { StepMemory } from './store/step-memory.js';
import type { ClaimedTask } from './store/task-claims.js';
import { TaskDispatches } from './store/task-dispatches.js';
import { TaskRunSteps } from './task-run-steps.js';

/** Opens the memory of the steps of jobs that this node runs. */
@Injectable()
export class JobStepsFactory {
  /** Half of the connections stay free for the service itself. */
  private readonly transactions: LimitFunction;

  constructor(
    private readonly database: Database,
    private readonly memory: StepMemory,
    private readonly beginnings: StepBeginnings,
    private readonly endings: StepEndings,
    private readonly entrance: StepEntrance,
    private readonly queue: SlotQueue,
    private readonly artifacts: Artifacts,
    private readonly children: ChildJobs,
    private readonly dispatches: TaskDispatches,
    private readonly changes: JobChanges,
    private readonly dispatch: JobDispatch,
    private readonly settings: Settings,
  ) {
    this.transactions = pLimit(Math.max(1, Math.floor(settings.DATABASE_POOL / 2)));
  }

  /**
   * @param files of the run
   * @param workerId name of this node, as the steps are to bear it
   * @param stop its signal is aborted when the job has to stop
   * @param log of the run; its lines are flushed before a step ends
   */
  open(
    job: SteppingJob,
    files: RunFiles,
    workerId: string,
    stop: Pick<AbortController, 'signal'>,
    log: RunLog,
  ): JobSteps {
    return new JobSteps(job, files, stop, log, this.tools(workerId));
  }

  /** Opens the memory of a task that this node runs apart from its flow, as {@link open} does. */
  openTask(
    task: ClaimedTask,
    files: RunFiles,
    workerId: string,
    stop: Pick<AbortController, 'signal'>,
    log: RunLog,
  ): TaskRunSteps {
    const isResumed = task.epoch > 1 || task.retry_of !== null;
    const tools = this.tools(workerId);
    const { id, epoch, task: key, process_id: processId } = task;
    const { storage } = files;
    return new TaskRunSteps(
      task,
      new JobSteps({ id, epoch, task: key, processId, isResumed, storage }, files, stop, log, tools),
      tools,
      log,
    );
  }

  private tools(workerId: string): JobStepsTools {
    const { database, memory, beginnings, endings, entrance, queue, artifacts, children } = this;
    const { dispatches, changes, dispatch, settings, transactions } = this;
    const steps = { memory, beginnings, endings, entrance, queue, artifacts, children };
    const elsewhere = { dispatches, changes, dispatch };
    return { database, ...steps, ...elsewhere, settings, transactions, workerId };
  }
}
