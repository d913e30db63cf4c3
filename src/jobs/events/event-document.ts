import type { JobStatus } from '../job-state.js';
import type { JobEventRow } from '../store/job-events.js';

/** An event as clients see it. No member is ever null. */
export interface EventDocument {
  readonly jobID: string;
  /** Numbered per job from 1 without gaps. */
  readonly seq: number;
  readonly type: string;
  readonly time: string;
  /** The status of the job after the event; absent where the event does not tell. */
  readonly status?: JobStatus;
  readonly progress?: number;
  readonly message?: string;
  /** What else belongs to an event of this type. */
  readonly data?: Record<string, unknown>;
}

const STATUS_AFTER: Readonly<Record<string, JobStatus>> = {
  accepted: 'accepted',
  started: 'running',
  progress: 'running',
  'handed-back': 'accepted',
  crashed: 'accepted',
  retrying: 'accepted',
  paused: 'running',
  'dismiss-requested': 'running',
  successful: 'successful',
  failed: 'failed',
  dismissed: 'dismissed',
};

/** The document of an event; its status is the one the event leads to. */
export function toEventDocument({ job_id: jobID, seq, type, at, data }: JobEventRow): EventDocument {
  const status =
    type === 'suspended' ? statusOfSuspended(data) : Object.hasOwn(STATUS_AFTER, type) ? STATUS_AFTER[type] : undefined;
  const { progress, message, ...rest } = type === 'progress' ? (data ?? {}) : withMessage(data ?? {});
  return {
    jobID,
    seq,
    type,
    time: at.toISOString(),
    ...(status !== undefined && { status }),
    ...(type === 'successful' && { progress: 100 }),
    ...(typeof progress === 'number' && { progress }),
    ...(typeof message === 'string' && { message }),
    ...(Object.keys(rest).length > 0 && { data: rest }),
  };
}

/** A job that waits for answers or other jobs runs, to a client; one that waits for a time or a worker was accepted. */
function statusOfSuspended(data: JobEventRow['data']): JobStatus {
  return data?.reason === 'Suspended' ? 'running' : 'accepted';
}

/** The sentence of a fault is what the status document calls `message`. */
function withMessage(data: Record<string, unknown>): Record<string, unknown> {
  const { detail, ...rest } = data;
  return detail === undefined ? data : { ...rest, message: detail };
}

/** The event as a message of a server-sent event stream (HTML Standard section 9.2); its id is the event's number. */
export function toServerSentEvent(row: JobEventRow): string {
  return `id: ${row.seq}\nevent: ${row.type}\ndata: ${JSON.stringify(toEventDocument(row))}\n\n`;
}
