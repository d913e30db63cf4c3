import { FlowSession, type SessionOutcome } from '../flows/flow-session.js';
import { retryOf } from '../flows/retry-policy.js';
import type { RegisteredProcess } from '../processes/registered-process.js';
import { TaskFailedError } from '../processes/task-failed.error.js';
import { type Collected, collectOutputs } from './collect-outputs.js';
import { errorsOf, faultOf, invalidOutput, stackOf } from './execution-faults.js';
import type { ExecutionFault, ExecutionObserver, ExecutionOutcome, ExecutionUnit } from './execution-unit.js';
import type { RunJournal } from './run-journal.js';
import { RunResources, type RunStorages } from './run-resources.js';
import { MediaTypeRefusal } from './written-outputs.js';
import type { Stop } from './time-limit.js';

/** What was not meant to be said to clients alone: its stack goes to the log of the job. */
const LOGGED: readonly ExecutionFault['code'][] = ['process-failed', 'storage-unavailable'];

/** What a handler itself can end with; limits, cancellation and crashes are judged from outside. */
export type HandlerOutcome = Extract<ExecutionOutcome, { kind: 'succeeded' | 'failed' | 'suspended' }>;

/**
 * Runs the code of a process for one unit, in whatever operating-system process this is called. Never throws or rejects.
 *
 * @param observer hears progress (0 to 100, whole numbers) and log lines until the run has ended
 * @param stop its signal becomes `context.signal`, read only when somebody asks for it: an AbortController makes it then
 * @param inlineOutput bytes of JSON beyond which a value is stored as a file
 * @param storages that the code may use
 * @param journal remembers the steps; without it they are remembered until the run ends, and nothing is tried again
 * @returns at once when the code returned values, and none of them has to be stored
 */
export function runHandler(
  process: RegisteredProcess,
  unit: ExecutionUnit,
  observer: ExecutionObserver,
  stop: Stop,
  inlineOutput: number,
  storages: RunStorages,
  journal?: RunJournal,
): HandlerOutcome | Promise<HandlerOutcome> {
  const resources = new RunResources(process, unit, observer, stop, storages, journal);
  return new HandlerRun(process, unit, resources, stop, inlineOutput, journal !== undefined).run();
}

class HandlerRun {
  constructor(
    private readonly process: RegisteredProcess,
    private readonly unit: ExecutionUnit,
    private readonly resources: RunResources,
    private readonly stop: Stop,
    private readonly inlineOutput: number,
    private readonly isRetried: boolean,
  ) {}

  run(): HandlerOutcome | Promise<HandlerOutcome> {
    try {
      const ended = this.start();
      const outcome = ended instanceof Promise ? ended.then((later) => this.outcomeOf(later)) : this.outcomeOf(ended);
      if (outcome instanceof Promise) return this.follow(outcome);
      const closing = this.resources.end();
      return closing === undefined ? outcome : closing.then(() => outcome);
    } catch (error) {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- it is whatever the code threw
      return this.follow(Promise.reject(error));
    }
  }

  private start(): SessionOutcome<unknown> | Promise<SessionOutcome<unknown>> {
    const { process, resources, unit } = this;
    const session = new FlowSession(resources);
    if (unit.task !== undefined) return session.executeTask(unit.task);
    return session.execute(() => process.handler.execute(resources.inputs, session.context));
  }

  private async follow(outcome: Promise<HandlerOutcome>): Promise<HandlerOutcome> {
    try {
      return await outcome;
    } catch (error) {
      return this.failure(error);
    } finally {
      await this.resources.end();
    }
  }

  private outcomeOf(run: SessionOutcome<unknown>): HandlerOutcome | Promise<HandlerOutcome> {
    if (run.kind === 'suspended') return run;
    if (this.unit.task !== undefined) return { kind: 'succeeded', outputs: {} };
    const { process, unit, resources, inlineOutput, stop } = this;
    const place = { of: resources, requested: unit.outputs, inlineOutput, stop };
    const collected = collectOutputs(process, run.value, resources.touchedOutputs, place);
    return collected instanceof Promise ? collected.then(judge) : judge(collected);
  }

  private failure(error: unknown): HandlerOutcome {
    const { process, unit, resources, stop } = this;
    const fault = error instanceof MediaTypeRefusal ? invalidOutput([error.violation]) : faultOf(error);
    if (isStop(error, stop.signal)) resources.logger.info('The process stopped, as it was asked to.');
    else if (LOGGED.includes(fault.code)) resources.logger.error(stackOf(originOf(error, unit)));
    const delay =
      this.isRetried && unit.task === undefined && isWorthRetrying(fault, stop.signal)
        ? retryDelay(process, unit, error)
        : undefined;
    return { kind: 'failed', fault, ...(delay !== undefined && { retry: { delay } }) };
  }
}

/** What the code threw: of a task that runs by itself, what its failure was made of. */
function originOf(error: unknown, { task }: ExecutionUnit): unknown {
  return task !== undefined && error instanceof TaskFailedError ? (error.cause ?? error) : error;
}

function judge(collected: Collected): HandlerOutcome {
  return 'outputs' in collected
    ? { kind: 'succeeded', outputs: collected.outputs }
    : { kind: 'failed', fault: invalidOutput(collected.violations) };
}

/** What a limit or a dismissal ended is judged from outside, and an answer that does not fit stays as it is. */
function isWorthRetrying({ code }: ExecutionFault, { aborted }: AbortSignal): boolean {
  return !aborted && (LOGGED.includes(code) || code === 'process-rejected');
}

function retryDelay({ policy }: RegisteredProcess, { attempt = 1 }: ExecutionUnit, error: unknown): number | undefined {
  return retryOf(policy.retry, attempt, error);
}

/**
 * Whether code says that it stopped, as it was asked to, be it as the cause of an error of its own. What a time limit
 * ends is a fault and keeps its stack.
 */
function isStop(thrown: unknown, { reason }: AbortSignal): boolean {
  return isAbort(reason) && errorsOf(thrown).some(isAbort);
}

function isAbort(error: unknown): boolean {
  return (error as Error | null | undefined)?.name === 'AbortError';
}
