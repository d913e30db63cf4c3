import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { storableText } from '../../database/storable-text.js';
import { STATE_TYPES, type StateType } from '../job-state.js';
import { type JobStatusRow, STATUS_COLUMNS } from './job-row.js';
import { SqlValues } from './sql-values.js';

/** Which jobs to list. An absent member leaves nothing out. */
export interface JobFilter {
  readonly processIds?: readonly string[];
  readonly states?: readonly StateType[];
  /** Milliseconds since 1970, inclusive; `created` in the precision of milliseconds. */
  readonly createdFrom?: number;
  readonly createdTo?: number;
  /** Seconds, inclusive. Jobs without a duration are left out as soon as one of the two is there. */
  readonly minDuration?: number;
  readonly maxDuration?: number;
}

/** The place of a job in the list. */
export interface JobPosition {
  /** Microseconds since 1970, in decimal digits */
  readonly created: string;
  readonly id: string;
}

/** A job in the list. */
export interface JobListRow extends JobStatusRow {
  /** `created_at` for a {@link JobPosition} */
  readonly created_micros: string;
}

/** A part of the list. Without a position: its beginning. */
export interface JobListPart {
  readonly limit: number;
  /** Jobs older than this one, from newer to older. */
  readonly after?: JobPosition;
  /** Jobs newer than this one, from older to newer: the ones next to it first. */
  readonly before?: JobPosition;
}

const RUNNING = `('RUNNING', 'PAUSED', 'CANCELLING')`;

/**
 * Up to so many jobs of a wanted duration are gathered through the index of durations and sorted. Where there are more
 * of them, a page of them is found soon by walking through the list.
 */
const FEW = 2_000;

/**
 * Reads the list of jobs, the newest first. Every combination of filters walks along an index that already has the
 * order of the list, one walk per process and state, and stops when the page is full; so a page costs the same
 * wherever it lies and however many jobs there are. The statements are planned with their values, which are skewed.
 */
@Injectable()
export class JobList {
  constructor(private readonly database: Database) {}

  /** @returns up to `limit` jobs, in the order that `part` says */
  read(filter: JobFilter, part: JobListPart): Promise<JobListRow[]> {
    const query = new ListQuery(filter, part);
    const text = query.text();
    return this.database.query<JobListRow>(text, query.values.list);
  }
}

class ListQuery {
  readonly values = new SqlValues();
  private readonly order: string;
  private readonly limit: string;

  constructor(
    private readonly filter: JobFilter,
    private readonly part: JobListPart,
  ) {
    const direction = part.before === undefined ? 'DESC' : 'ASC';
    this.order = `created_at ${direction}, id ${direction}`;
    this.limit = this.values.add(part.limit);
  }

  /** The ids of the page first, from indexes alone; then the rows. */
  text(): string {
    const { minDuration, maxDuration } = this.filter;
    const isTimed = minDuration !== undefined || maxDuration !== undefined;
    return `WITH ${isTimed ? this.timedPage() : `page AS (${this.walk(this.place())})`}
      SELECT ${STATUS_COLUMNS}, (extract(epoch FROM j.created_at) * 1000000)::bigint::text AS created_micros
      FROM (SELECT * FROM page ORDER BY ${this.order} LIMIT ${this.limit}) p JOIN job j USING (id)
      ORDER BY ${this.order.replaceAll(/created_at|id/g, 'j.$&')}`;
  }

  /**
   * Finished jobs by their durations, which an index knows, beside the running ones by their time so far
   * (OGC 18-062r2 /req/job-list/duration-response).
   */
  private timedPage(): string {
    const finished = this.within('j.finished_at - j.started_at');
    const place = this.place();
    return `few AS MATERIALIZED (
        SELECT j.id, j.created_at, j.process_id, j.state_type FROM job j
        WHERE j.finished_at IS NOT NULL AND ${finished}
        -- The order of the index, so that it is used however many jobs the planner expects.
        ORDER BY j.finished_at - j.started_at LIMIT ${FEW + 1}
      ), size AS (
        SELECT count(*) <= ${FEW} AS is_small FROM few
      ), page AS (
        SELECT j.id, j.created_at FROM few j WHERE (SELECT is_small FROM size) AND ${place} AND ${this.chosen()}
        UNION ALL
        (${this.walk(`NOT (SELECT is_small FROM size) AND j.finished_at IS NOT NULL AND ${finished} AND ${place}`)})
        UNION ALL
        SELECT j.id, j.created_at FROM job j
        WHERE j.state_type IN ${RUNNING} AND ${this.within('now() - j.started_at')} AND ${place} AND ${this.chosen()}
      )`;
  }

  /** One walk per process and state, cut off at the size of a page. */
  private walk(condition: string): string {
    const { processIds, states } = this.filter;
    const select = (by: string) =>
      `SELECT j.id, j.created_at FROM job j WHERE ${by} AND ${condition} ORDER BY ${this.order} LIMIT ${this.limit}`;
    if (processIds === undefined && states === undefined) return select('true');
    const byState = `unnest(${this.values.add(states ?? STATE_TYPES)}::text[]) AS s (state_type)`;
    if (processIds === undefined) {
      return `SELECT k.* FROM ${byState} CROSS JOIN LATERAL (${select('j.state_type = s.state_type')}) k`;
    }
    const byProcess = `unnest(${this.processIds(processIds)}::text[]) AS p (process_id)`;
    return `SELECT k.* FROM ${byProcess} CROSS JOIN ${byState}
      CROSS JOIN LATERAL (${select('j.process_id = p.process_id AND j.state_type = s.state_type')}) k`;
  }

  private chosen(): string {
    const { processIds, states } = this.filter;
    return [
      'true',
      ...(processIds === undefined ? [] : [`j.process_id = ANY(${this.processIds(processIds)}::text[])`]),
      ...(states === undefined ? [] : [`j.state_type = ANY(${this.values.add(states)}::text[])`]),
    ].join(' AND ');
  }

  /** Where the part begins, and between which times of creation it lies. */
  private place(): string {
    const { createdFrom, createdTo } = this.filter;
    const { after, before } = this.part;
    const conditions = ['true'];
    if (createdFrom !== undefined) conditions.push(`j.created_at >= ${this.time(createdFrom, 'ms')}`);
    // The next millisecond is the first one beyond what is shown as this one.
    if (createdTo !== undefined) conditions.push(`j.created_at < ${this.time(createdTo + 1, 'ms')}`);
    const from = after ?? before;
    if (from !== undefined) {
      const key = `(${this.time(from.created, 'us')}, ${this.values.add(from.id)}::uuid)`;
      conditions.push(`(j.created_at, j.id) ${after === undefined ? '>' : '<'} ${key}`);
    }
    return conditions.join(' AND ');
  }

  private within(duration: string): string {
    const { minDuration, maxDuration } = this.filter;
    const seconds = (value: number) => `${this.values.add(value)}::float8 * interval '1 s'`;
    return [
      ...(minDuration === undefined ? [] : [`${duration} >= ${seconds(minDuration)}`]),
      ...(maxDuration === undefined ? [] : [`${duration} <= ${seconds(maxDuration)}`]),
    ].join(' AND ');
  }

  /** From a number, because PostgreSQL cannot read every year that RFC 3339 can write. */
  private time(value: number | string, unit: 'ms' | 'us'): string {
    return `timestamptz 'epoch' + ${this.values.add(value)}::float8 * interval '1 ${unit}'`;
  }

  private processIds(ids: readonly string[]): string {
    return this.values.add(ids.map((id) => storableText(id)));
  }
}
