import { isSignal } from '../processes/flow-signals.js';
import type { RetryPolicy } from '../processes/definition/policies.js';
import { inputRequest } from './input-request.js';
import type { ProcessFault } from './process-fault.js';
import { retryOf } from './retry-policy.js';
import { toFault } from './step-fault.js';
import type { InputRequest } from './step-journal.js';
import { TriggerFailedError } from './trigger-failed.error.js';

/** What an attempt comes to that did not return. */
export type ThrownEnding =
  | {
      readonly end: 'completed';
      readonly name: 'Completed' | 'Skipped';
      readonly value?: unknown;
      readonly message?: string;
    }
  | { readonly end: 'failed'; readonly name: 'Failed' | 'TimedOut' | 'TriggerFailed'; readonly fault: ProcessFault }
  | { readonly end: 'retry'; readonly fault: ProcessFault; readonly delay: number }
  | { readonly end: 'paused'; readonly request: InputRequest };

/**
 * Judges what an attempt threw: a signal says itself what becomes of the step, an error is tried again or is final.
 * @param hasTimedOut whether `thrown` is the time limit of the attempt
 */
export function endingOf(
  thrown: unknown,
  attempt: number,
  policy: RetryPolicy | undefined,
  random: () => number,
  hasTimedOut: boolean,
): ThrownEnding {
  if (isSignal(thrown, 'SkipSignal')) return { end: 'completed', name: 'Skipped', message: thrown.message };
  if (isSignal(thrown, 'SuccessSignal')) return { end: 'completed', name: 'Completed', value: thrown.value };
  if (isSignal(thrown, 'PauseSignal')) return pause(thrown.ask, thrown);
  const fault = toFault(thrown);
  if (thrown instanceof TriggerFailedError) return { end: 'failed', name: 'TriggerFailed', fault };
  const delay = retryOf(policy, attempt, thrown, random);
  if (delay !== undefined) return { end: 'retry', fault, delay };
  return { end: 'failed', name: hasTimedOut ? 'TimedOut' : 'Failed', fault };
}

function pause(ask: Parameters<typeof inputRequest>[0], options: Parameters<typeof inputRequest>[1]): ThrownEnding {
  try {
    return { end: 'paused', request: inputRequest(ask, options) };
  } catch (error) {
    return { end: 'failed', name: 'Failed', fault: toFault(error) };
  }
}
