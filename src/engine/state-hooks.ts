import type { StateChange } from '../processes/definition/task-definition.js';
import type { JobContext, JobLogger } from '../processes/job-context.js';
import type { RegisteredProcess } from '../processes/registered-process.js';
import { stackOf } from './execution-faults.js';
import type { ExecutionOutcome } from './execution-unit.js';
import { hookContext } from './hook-context.js';

/** What became of a run, once nothing in the engine changes its outcome any more; its end is stored afterwards. */
export type Conclusion = Omit<StateChange, 'jobId'>;

/** Milliseconds that the hooks of one state get together. */
export const HOOKS_LIMIT = 10_000;

/**
 * @returns undefined for an outcome that is not the process' own last word: another run follows, or nobody is left to
 * hear it
 */
export function conclusionOf(outcome: ExecutionOutcome | { readonly kind: 'not-started' }): Conclusion | undefined {
  if (outcome.kind === 'succeeded') return { state: 'COMPLETED' };
  if (outcome.kind === 'failed' && outcome.retry === undefined)
    return { state: 'FAILED', message: outcome.fault.detail };
  return undefined;
}

/** Whether a process wants to hear of this state. */
export function hasHooks({ hooks = [] }: RegisteredProcess, { state }: Conclusion): boolean {
  return hooks.some(({ states }) => states.includes(state));
}

/**
 * Calls the methods with `@OnState()` one after the other, as well as it can be done: what one of them throws is a line
 * of the job's log. Never rejects; whoever calls this bounds the time, {@link HOOKS_LIMIT}.
 */
export async function callHooks(
  process: RegisteredProcess,
  { state, jobId, message }: StateChange,
  logger: JobLogger,
): Promise<void> {
  const { hooks = [], handler } = process;
  const context = hookContext(process, jobId, logger);
  const methods = handler as unknown as Record<string, (change: StateChange, context: JobContext) => unknown>;
  for (const { method, states } of hooks) {
    if (!states.includes(state)) continue;
    try {
      await methods[method]({ state, jobId, ...(message !== undefined && { message }) }, context);
    } catch (error) {
      logger.warn(`The hook "${method}" of the state ${state} failed: ${stackOf(error)}`);
    }
  }
}

/** What the log says of hooks that nobody waits for any longer. */
export const LATE_HOOKS = `The methods with @OnState() took longer than ${HOOKS_LIMIT / 1_000} seconds`;
