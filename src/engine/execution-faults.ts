import { storableText } from '../database/storable-text.js';
import type { Violation } from '../ogc/problems/domain-error.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import { ProcessRejection } from '../processes/process-rejection.js';
import type { TaskFailedError } from '../processes/task-failed.error.js';
import type { StorageFault } from '../storage/storage-error.js';
import { pointerPart } from '../ogc/json-pointer.js';
import type { ExecutionFault } from './execution-unit.js';

/** UTF-16 code units of a sentence shown to a client. */
const LONGEST_DETAIL = 2_000;
const LONGEST_STACK = 8_000;
const MOST_VIOLATIONS = 100;
const MOST_CAUSES = 5;
const MISPLACED_PAUSE =
  'A PauseSignal was thrown outside of a task. Throw it in a task, or ask with context.waitForInput where the flow itself asks.';

/** What a client is told of something thrown by a process. The stack is for the log, see {@link stackOf}. */
export function faultOf(thrown: unknown): ExecutionFault {
  const detail = storableText(messageOf(thrown), LONGEST_DETAIL);
  if (isNamed(thrown, 'NonDeterminismError')) return { code: 'non-determinism', detail };
  if (isStorageAway(thrown)) return { code: 'storage-unavailable', detail };
  if (isNamed(thrown, 'PauseSignal')) return { code: 'process-failed', detail: MISPLACED_PAUSE };
  if (!isRejection(thrown)) return { code: 'process-failed', detail };
  const { input } = thrown;
  if (typeof input !== 'string') return { code: 'process-rejected', detail };
  const pointer = storableText(`/inputs/${pointerPart(input)}`, LONGEST_DETAIL);
  return { code: 'process-rejected', detail, errors: [{ pointer, detail }] };
}

/** The fault of a process whose outputs do not fit its description. @param violations at least one; 100 are kept */
export function invalidOutput(violations: readonly Violation[]): ExecutionFault {
  const errors = violations.slice(0, MOST_VIOLATIONS).map(({ pointer, detail }) => ({
    pointer: storableText(pointer, LONGEST_DETAIL),
    detail: storableText(detail, LONGEST_DETAIL),
  }));
  const detail = `The process returned outputs that its description does not allow: ${errors[0].pointer} ${errors[0].detail}`;
  return { code: 'invalid-output', detail: storableText(detail, LONGEST_DETAIL), errors };
}

/**
 * A fault of the engine or of the service, not of the process. Clients read it, so that of anything but a
 * `DomainError`, which is written for them, no word gets into it; whoever calls this logs the rest.
 */
export function serviceFault(thrown: unknown): ExecutionFault {
  if (!(thrown instanceof DomainError)) {
    return { code: 'internal', detail: 'The service could not run the job; its log says why.' };
  }
  return { code: thrown.code, detail: storableText(thrown.message, LONGEST_DETAIL) };
}

/** The fault of an executor that died under its job. @param reason a clause: `killed by SIGKILL` */
export function crashFault(reason: string): ExecutionFault {
  return { code: 'crashed', detail: storableText(`The executor of the job died: ${reason}`, LONGEST_DETAIL) };
}

/** A run that leaves no job cannot wait for anything: nothing would wake it. */
export function suspensionFault(): ExecutionFault {
  return { code: 'process-failed', detail: 'The process waits for something, which only a job on record can do.' };
}

/** No executor came up. What it printed holds paths and stacks, which are for the log. */
export function startFault(): ExecutionFault {
  return { code: 'crashed', detail: 'No executor could be started; the log of the service says why.' };
}

/** The stack of an error and of its causes. */
export function stackOf(thrown: unknown): string {
  const stacks = errorsOf(thrown).map((error) =>
    error instanceof Error ? (error.stack ?? error.message) : messageOf(error),
  );
  return storableText(stacks.join('\ncaused by: '), LONGEST_STACK);
}

/** What was thrown, its cause, the cause of that, and so on: five at most, for causes may go round in a circle. */
export function errorsOf(thrown: unknown): unknown[] {
  const errors: unknown[] = [];
  for (
    let error = thrown;
    error !== undefined && errors.length < MOST_CAUSES;
    error = error instanceof Error ? error.cause : undefined
  ) {
    errors.push(error);
  }
  return errors;
}

/** Faults of a storage that no code can do anything about. Others, such as a missing key, are a matter of the process. */
const STORAGE_AWAY: ReadonlySet<unknown> = new Set<StorageFault>(['unavailable', 'misconfigured']);

/** Whether a run ended with the error of a storage that cannot be used, be it that of a step. */
function isStorageAway(thrown: unknown): boolean {
  if (isNamed(thrown, 'StorageError')) return STORAGE_AWAY.has((thrown as { fault?: unknown }).fault);
  if (!isNamed(thrown, 'TaskFailedError')) return false;
  const { errorName, cause } = thrown as TaskFailedError;
  return errorName === 'StorageUnavailableError' || errorsOf(cause).some((error) => isStorageAway(error));
}

// By name, because a process package may bring its own copy of the class.
function isRejection(thrown: unknown): thrown is ProcessRejection {
  return thrown instanceof ProcessRejection || isNamed(thrown, 'ProcessRejection');
}

function isNamed(thrown: unknown, name: string): thrown is Error {
  return thrown instanceof Error && thrown.name === name;
}

/** The words of anything that can be thrown. */
export function messageOf(thrown: unknown): string {
  try {
    // Code in JavaScript may have put anything in the place of the message.
    if (thrown instanceof Error)
      return String(thrown.message || `The process threw a ${thrown.name} without a message`);
    return String(thrown);
  } catch {
    return 'The process threw a value that cannot be shown';
  }
}
