import { FlowSession } from '../flows/flow-session.js';
import { retryOf } from '../flows/retry-policy.js';
import type { RegisteredProcess } from '../processes/registered-process.js';
import { TaskFailedError } from '../processes/task-failed.error.js';
import { collectOutputs } from './collect-outputs.js';
import { errorsOf, faultOf, invalidOutput, stackOf } from './execution-faults.js';
import type { ExecutionFault, ExecutionObserver, ExecutionOutcome, ExecutionUnit } from './execution-unit.js';
import type { RunJournal } from './run-journal.js';
import { RunResources, type RunStorages } from './run-resources.js';
import { MediaTypeRefusal } from './written-outputs.js';

/** What a handler itself can end with; limits, cancellation and crashes are judged from outside. */
export type HandlerOutcome = Extract<ExecutionOutcome, { kind: 'succeeded' | 'failed' | 'suspended' }>;

/**
 * Runs the code of a process for one unit, in whatever operating-system process this is called. Never rejects.
 *
 * @param observer hears progress (0 to 100, whole numbers) and log lines until the returned promise is settled
 * @param stop its signal becomes `context.signal`, read only when somebody asks for it: an AbortController makes it then
 * @param inlineOutput bytes of JSON beyond which a value is stored as a file
 * @param storages that the code may use
 * @param journal remembers the steps; without it they are remembered until the run ends, and nothing is tried again
 */
export async function runHandler(
  process: RegisteredProcess,
  unit: ExecutionUnit,
  observer: ExecutionObserver,
  stop: { readonly signal: AbortSignal },
  inlineOutput: number,
  storages: RunStorages,
  journal?: RunJournal,
): Promise<HandlerOutcome> {
  const resources = new RunResources(process, unit, observer, stop, storages, journal);
  const session = new FlowSession(resources);
  try {
    const { task } = unit;
    const run = await (task === undefined
      ? session.execute(() => process.handler.execute(resources.inputs, session.context))
      : session.executeTask(task));
    if (run.kind === 'suspended') return run;
    if (task !== undefined) return { kind: 'succeeded', outputs: {} };
    const place = { directory: resources.outputDirectory, requested: unit.outputs, inlineOutput, stop };
    const collected = await collectOutputs(process, run.value, resources.touchedOutputs, place);
    return 'outputs' in collected
      ? { kind: 'succeeded', outputs: collected.outputs }
      : { kind: 'failed', fault: invalidOutput(collected.violations) };
  } catch (error) {
    const fault = error instanceof MediaTypeRefusal ? invalidOutput([error.violation]) : faultOf(error);
    if (isStop(error, stop.signal)) resources.logger.info('The process stopped, as it was asked to.');
    else if (fault.code === 'process-failed') resources.logger.error(stackOf(originOf(error, unit)));
    const delay =
      journal && unit.task === undefined && isWorthRetrying(fault, stop.signal)
        ? retryDelay(process, unit, error)
        : undefined;
    return { kind: 'failed', fault, ...(delay !== undefined && { retry: { delay } }) };
  } finally {
    await resources.end();
  }
}

/** What the code threw: of a task that runs by itself, what its failure was made of. */
function originOf(error: unknown, { task }: ExecutionUnit): unknown {
  return task !== undefined && error instanceof TaskFailedError ? (error.cause ?? error) : error;
}

/** What a limit or a dismissal ended is judged from outside, and an answer that does not fit stays as it is. */
function isWorthRetrying({ code }: ExecutionFault, { aborted }: AbortSignal): boolean {
  return !aborted && (code === 'process-failed' || code === 'process-rejected');
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
