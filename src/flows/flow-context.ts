import type { EntityManager } from 'typeorm';
import type { JobContext, JobLogger, JobOutputs, PlainContext, StepContext } from '../processes/job-context.js';
import type { StepHost } from './step-host.js';
import { SessionOutputs } from './session-outputs.js';
import { stepCalls } from './step-calls.js';
import { StepLogger } from './step-logger.js';

/**
 * The context of an execution. Everything about steps is made when it is first asked for: most executions of plain
 * processes never do.
 */
export class FlowContext implements JobContext {
  private calls?: Omit<StepContext, 'idempotencyKey' | 'answer' | 'transaction'>;
  private noted?: JobOutputs;

  constructor(private readonly session: StepHost) {}

  get jobId(): string {
    return this.session.options.jobId;
  }

  get workDirectory(): PlainContext['workDirectory'] {
    return this.session.options.baseContext.workDirectory;
  }

  get storage(): PlainContext['storage'] {
    return this.session.options.baseContext.storage;
  }

  get storageOf(): PlainContext['storageOf'] {
    return this.session.options.baseContext.storageOf;
  }

  get progress(): PlainContext['progress'] {
    return this.session.options.baseContext.progress;
  }

  get signal(): AbortSignal {
    return (this.session.stepFrame() ?? this.session.options.baseContext).signal;
  }

  get logger(): JobLogger {
    const { logger } = this.session.options.baseContext;
    const step = this.session.stepFrame()?.step;
    return step ? new StepLogger(logger, step.key) : logger;
  }

  get outputs(): JobOutputs {
    const { outputs } = this.session.options.baseContext;
    return (this.noted ??= new SessionOutputs(outputs, () => this.session.frame().place));
  }

  get run(): StepContext['run'] {
    return this.steps.run;
  }

  get map(): StepContext['map'] {
    return this.steps.map;
  }

  get sleep(): StepContext['sleep'] {
    return this.steps.sleep;
  }

  get waitForInput(): StepContext['waitForInput'] {
    return this.steps.waitForInput;
  }

  get runProcess(): StepContext['runProcess'] {
    return this.steps.runProcess;
  }

  get runTasks(): StepContext['runTasks'] {
    return this.steps.runTasks;
  }

  get artifact(): StepContext['artifact'] {
    return this.steps.artifact;
  }

  get idempotencyKey(): string {
    const step = this.session.stepFrame()?.step;
    return step ? `${this.jobId}/${step.key}` : this.jobId;
  }

  get answer(): unknown {
    return this.session.stepFrame()?.step?.answer;
  }

  get transaction(): EntityManager {
    const manager = this.session.stepFrame()?.step?.manager;
    if (!manager) throw new Error('context.transaction belongs to a task with `transactional: true`');
    return manager;
  }

  private get steps() {
    return (this.calls ??= stepCalls(this.session));
  }
}
