/**
 * The state types that drive the logic. Their names (`state_name`) are for people: `Scheduled`, `AwaitingRecovery`,
 * `Running`, `Cancelling`, `Completed`, `Failed`, `TimedOut`, `Cancelled`, `Crashed`.
 */
export const STATE_TYPES = [
  'SCHEDULED',
  'PENDING',
  'RUNNING',
  'PAUSED',
  'CANCELLING',
  'COMPLETED',
  'FAILED',
  'CRASHED',
  'CANCELLED',
] as const;

/** One of {@link STATE_TYPES}. */
export type StateType = (typeof STATE_TYPES)[number];

/** `statusCode.yaml` of OGC API - Processes 1.0. */
export const JOB_STATUSES = ['accepted', 'running', 'successful', 'failed', 'dismissed'] as const;

/** One of {@link JOB_STATUSES}: what a client is told of a state. */
export type JobStatus = (typeof JOB_STATUSES)[number];

const STATUS_BY_STATE: Record<StateType, JobStatus> = {
  SCHEDULED: 'accepted',
  PENDING: 'accepted',
  RUNNING: 'running',
  PAUSED: 'running',
  CANCELLING: 'running',
  COMPLETED: 'successful',
  FAILED: 'failed',
  CRASHED: 'failed',
  CANCELLED: 'dismissed',
};

/** The OGC status a client sees for a state. */
export function statusOf(state: StateType): JobStatus {
  return STATUS_BY_STATE[state];
}

/** The states behind an OGC status, for list filters. */
export function statesOf(status: JobStatus): StateType[] {
  return STATE_TYPES.filter((state) => STATUS_BY_STATE[state] === status);
}

/** The name of a state as part of a sentence: `AwaitingRetry` is "awaiting retry". */
export function stateInWords(name: string): string {
  return name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
}

/** A terminal state never changes (promise P5). */
export function isTerminal(state: StateType): boolean {
  return state === 'COMPLETED' || state === 'FAILED' || state === 'CRASHED' || state === 'CANCELLED';
}
