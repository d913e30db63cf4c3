import { ProcessRejection } from '../processes/process-rejection.js';
import { TaskFailedError } from '../processes/task-failed.error.js';
import type { ProcessFault } from './process-fault.js';

/** What is kept of something that a step threw. Of the failure of a step inside of it the original error counts. */
export function toFault(thrown: unknown): ProcessFault {
  if (!isErrorLike(thrown)) return { name: 'Error', message: textOf(thrown) };
  if (isTaskFailure(thrown)) return { name: thrown.errorName, message: thrown.reason };
  const { name, input } = thrown;
  const message = textOf(thrown.message) || `Threw ${article(name)} without a message`;
  return { name, message, ...(name === 'ProcessRejection' && typeof input === 'string' && { input }) };
}

/**
 * What a step that failed for good throws, now and at every replay.
 * @param cause what it threw; known in the run in which it did
 */
export function toError(step: string, { name, message, input }: ProcessFault, cause?: unknown): Error {
  const options = cause === undefined ? undefined : { cause };
  return name === 'ProcessRejection'
    ? new ProcessRejection(message, input, options)
    : new TaskFailedError(step, name, message, options);
}

/** An error by its looks: those of Node.js itself, such as a DOMException, may come from another realm. */
function isErrorLike(thrown: unknown): thrown is { name: string; message: unknown; input?: unknown } {
  if (typeof thrown !== 'object' || thrown === null) return false;
  return typeof (thrown as { name?: unknown }).name === 'string' && 'message' in thrown;
}

// By name, because a process package may bring its own copy of the class.
function isTaskFailure(thrown: object): thrown is TaskFailedError {
  return thrown instanceof TaskFailedError || ('errorName' in thrown && 'reason' in thrown);
}

function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return 'A value that cannot be shown';
  }
}

function article(name: string): string {
  return `${/^[aeiou]/i.test(name) ? 'an' : 'a'} ${name}`;
}
