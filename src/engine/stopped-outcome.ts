import type { ExecutionOutcome, ExecutionUnit } from './execution-unit.js';
import { formatDuration } from './quantities.js';
import type { StopReason } from './time-limit.js';

/** The outcome of a unit that was told to stop; whatever its code returned since is discarded. */
export function stoppedOutcome(
  reason: StopReason,
  { timeout, timeLimit = timeout }: Pick<ExecutionUnit, 'timeout' | 'timeLimit'>,
): ExecutionOutcome {
  if (reason === 'cancelled') return { kind: 'cancelled' };
  const detail = `The execution took longer than its time limit of ${formatDuration(timeLimit)}`;
  return { kind: 'timed-out', fault: { code: 'timed-out', detail } };
}
