import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { Statement } from '../../database/statement.js';
import type { StateType } from '../job-state.js';

/** One event of a job. */
export interface JobEventRow {
  readonly job_id: string;
  readonly seq: number;
  readonly type: string;
  readonly at: Date;
  readonly data: Record<string, unknown> | null;
}

/** Where somebody has read a job's events up to. */
export interface EventPosition {
  readonly jobId: string;
  readonly after: number;
}

/** What is new of one job. */
export interface NewEvents {
  readonly jobId: string;
  readonly state: StateType;
  /** Number of the job's latest event, in the same snapshot as `events`. */
  readonly last: number;
  /** Whether a job that has ended still owes calls to its subscriber, whose outcomes will be events. */
  readonly owesCalls: boolean;
  /** In their order; cut off when there are very many. */
  readonly events: readonly JobEventRow[];
}

/** Events that one look gives of one job; a reader who is further behind looks again. */
const MOST_AT_ONCE = 200;

const PAGE = new Statement<JobEventRow>(
  'job_event_page',
  'SELECT job_id, seq, type, at, data FROM job_event WHERE job_id = $1 AND seq > $2 ORDER BY seq LIMIT $3',
);

const NEWS = new Statement<{
  readonly id: string;
  readonly state_type: StateType;
  readonly last: number;
  readonly owes_calls: boolean;
  readonly seq: number | null;
  readonly type: string;
  readonly at: Date;
  readonly data: Record<string, unknown> | null;
}>(
  'job_event_news',
  `SELECT j.id, j.state_type, j.seq AS last,
     j.finished_at IS NOT NULL AND j.subscriber IS NOT NULL
       AND EXISTS (SELECT FROM job_callback c WHERE c.job_id = j.id) AS owes_calls, e.seq, e.type, e.at, e.data
   FROM unnest($1::uuid[], $2::int[]) AS w (job_id, after)
   JOIN job j ON j.id = w.job_id
   LEFT JOIN LATERAL (
     SELECT seq, type, at, data FROM job_event
     WHERE job_event.job_id = w.job_id AND job_event.seq > w.after AND j.seq > w.after
     ORDER BY seq LIMIT ${MOST_AT_ONCE}
   ) e ON true
   ORDER BY j.id, e.seq`,
);

/** Reads the history of jobs. */
@Injectable()
export class JobEvents {
  constructor(private readonly database: Database) {}

  /** Events in their order. @param after number of the last event of the page before */
  page(jobId: string, after: number, limit: number): Promise<JobEventRow[]> {
    return this.database.execute(PAGE, [jobId, after, limit]);
  }

  /** What is new of many jobs, in one statement. A job that is missing from the answer does not exist any more. */
  async news(positions: readonly EventPosition[]): Promise<NewEvents[]> {
    const rows = await this.database.execute(NEWS, [
      positions.map(({ jobId }) => jobId),
      positions.map(({ after }) => after),
    ]);
    const news = new Map<string, NewEvents & { events: JobEventRow[] }>();
    for (const { id, state_type: state, last, owes_calls: owesCalls, seq, type, at, data } of rows) {
      const job = news.get(id) ?? { jobId: id, state, last, owesCalls, events: [] };
      news.set(id, job);
      if (seq !== null) job.events.push({ job_id: id, seq, type, at, data });
    }
    return [...news.values()];
  }
}
