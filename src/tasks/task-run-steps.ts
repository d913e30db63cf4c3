import type { ProcessFault } from '../flows/process-fault.js';
import type { StepTransactions } from '../flows/step-host.js';
import {
  type Artifact,
  type StepEnd,
  StepJournal,
  type StepReceipt,
  type StepStart,
  type StepVerdict,
} from '../flows/step-journal.js';
import type { JobSteps, JobStepsTools } from './job-steps.js';
import type { RunLog } from './run-log.js';
import type { ClaimedTask } from './store/task-claims.js';

/** The memory of one task that this node runs apart from its flow, and of the steps inside of it. */
export class TaskRunSteps extends StepJournal {
  private hasBegun = false;
  private hasLeft = false;
  private limitKeys: readonly string[] = [];

  constructor(
    private readonly task: ClaimedTask,
    private readonly steps: JobSteps,
    private readonly tools: JobStepsTools,
    private readonly log: RunLog,
  ) {
    super();
  }

  /** Whether it is on record what became of the task, so that this worker has nothing to say about it any more. */
  get isConcluded(): boolean {
    return this.hasLeft;
  }

  /** See {@link JobSteps.isCutShort}. */
  get isCutShort(): boolean {
    return this.steps.isCutShort;
  }

  get hasFiles(): boolean {
    return this.steps.hasFiles;
  }

  get transactions(): StepTransactions {
    return this.steps.transactions;
  }

  async begin(step: StepStart): Promise<StepVerdict> {
    const { task, tools } = this;
    if (step.key !== task.task) return await this.steps.begin(step);
    if (this.hasBegun) {
      // What it had to ask for it asked for when it was put on the queue.
      return await this.steps.begin({ ...step, after: task.after, cache: undefined, limits: undefined });
    }
    this.hasBegun = true;
    this.limitKeys = tools.entrance.keysOf({ ...task, processId: task.process_id }, step);
    const { attempt, answer } = task;
    return { do: 'run', attempt, ...(answer !== null && { answer: JSON.parse(answer) as unknown }) };
  }

  async end(end: StepEnd): Promise<StepReceipt> {
    if (end.key !== this.task.task) return await this.endInside(end);
    await this.log.flush();
    return await this.steps.unlessStopped(async () => {
      const drift = end.end === 'completed' ? await this.steps.drift(end.key) : undefined;
      return await this.record(drift === undefined ? end : this.failed({ name: drift.name, message: drift.message }));
    });
  }

  keep(artifact: Artifact): Promise<void> {
    return this.steps.keep(artifact);
  }

  /** Tells those who wait for the places that the task had. To be called when its code has ended. */
  async left(): Promise<void> {
    const { admission } = this.task;
    const ofJob = admission?.concurrency === undefined ? [] : [admission.concurrency.key];
    // Only a hint: who is not woken now is found by the supervisor.
    await this.tools.queue.freed([...this.limitKeys, ...ofJob, ...this.steps.limitKeys]).catch(() => undefined);
  }

  /** The task failed in a way that its own code could not put on record. */
  async fail(fault: ProcessFault): Promise<void> {
    await this.steps.unlessStopped(() => this.record(this.failed(fault)));
  }

  /** A step inside of the task that took another way than before takes the task with it. */
  private async endInside(end: StepEnd): Promise<StepReceipt> {
    const receipt = await this.steps.end(end);
    const { givenUp } = this.steps;
    if (givenUp?.kind === 'failed') await this.fail({ name: 'NonDeterminismError', message: givenUp.fault.detail });
    return receipt;
  }

  private failed(fault: ProcessFault): StepEnd {
    return { key: this.task.task, end: 'failed', name: 'Failed', fault };
  }

  private async record(end: StepEnd): Promise<StepReceipt> {
    const { task, steps, tools } = this;
    const outputs = await steps.outputsOf(end);
    const receipt = steps.receiptOf(end);
    const leaves = end.end !== 'retry' || receipt.do === 'suspend';
    const { isRecorded, resumed } = await steps.patiently(() => tools.endings.endTask(task, end, outputs, leaves));
    if (!isRecorded) return { do: 'stop' };
    this.hasLeft = leaves;
    if (resumed !== undefined) tools.dispatch.dispatch(resumed);
    if (end.end === 'retry') await steps.forgetFailuresIn(end.key);
    return receipt;
  }
}
