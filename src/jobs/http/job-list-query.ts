import { z } from 'zod';
import { decodeCursor } from '../../ogc/paging/cursor.js';
import { parseLimit } from '../../ogc/paging/limit.js';
import { DomainError, type Violation } from '../../ogc/problems/domain-error.js';
import { JOB_STATUSES, type JobStatus, STATE_TYPES, type StateType, statesOf, statusOf } from '../job-state.js';
import type { JobFilter, JobPosition } from '../store/job-list.js';
import { parseDatetime } from './datetime-interval.js';

/** Jobs of every kind of service that the job list knows of: there is only one. */
const PROCESS_TYPE = 'process';
const MOST_SECONDS = 9_999_999_999;

/** The keyset of the job list: whether the page lies after or before the job, when that was created, and its id. */
const JOB_CURSOR = z.tuple([z.enum(['after', 'before']), z.string().regex(/^\d{1,16}$/), z.uuid()]);

/** Where a page of jobs begins: on which side of a job, the microsecond it was created in, and its id. */
export type JobCursor = z.infer<typeof JOB_CURSOR>;

/** What a request for the job list asks. */
export interface JobListQuery {
  readonly limit: number;
  readonly filter: JobFilter;
  readonly after?: JobPosition;
  readonly before?: JobPosition;
  /** No job can fit. */
  readonly isEmpty: boolean;
}

/**
 * Reads the query of `GET /jobs` (OGC 18-062r2 section 11). Lists may be written with commas, by repeating the
 * parameter, or both. Of several durations one has to be met: the least minimum and the greatest maximum count.
 * @param query as the router parsed it; parameters it does not know are ignored
 * @throws DomainError `invalid-query-parameter` with every fault; the pointers name parameters
 */
export function parseJobListQuery(query: Readonly<Record<string, unknown>>): JobListQuery {
  const reader = new QueryReader(query);
  const limit = reader.read('limit', parseLimit);
  const cursor = reader.read('cursor', (value) => decodeCursor(value, JOB_CURSOR));
  const types = reader.read('type', textList);
  const processIds = reader.read('processID', textList);
  const statuses = reader.read('status', statusList);
  const created = reader.read('datetime', (value) => (value === undefined ? undefined : parseDatetime(value)));
  const minimums = reader.read('minDuration', secondsList);
  const maximums = reader.read('maxDuration', secondsList);
  reader.finish();

  const isTimed = minimums !== undefined || maximums !== undefined;
  const states = statuses === undefined ? undefined : statesOfAll(statuses, isTimed);
  const position = cursor && { created: cursor[1], id: cursor[2] };
  return {
    limit: limit!,
    filter: {
      processIds,
      states,
      createdFrom: created?.from,
      createdTo: created?.to,
      minDuration: minimums && Math.min(...minimums),
      maxDuration: maximums && Math.max(...maximums),
    },
    ...(cursor?.[0] === 'after' && { after: position }),
    ...(cursor?.[0] === 'before' && { before: position }),
    isEmpty: types?.includes(PROCESS_TYPE) === false || states?.length === 0,
  };
}

/** Reads parameters one by one and keeps the faults of all of them. */
class QueryReader {
  private readonly faults: Violation[] = [];

  constructor(private readonly query: Readonly<Record<string, unknown>>) {}

  read<T>(name: string, parse: (value: unknown) => T): T | undefined {
    try {
      return parse(Object.hasOwn(this.query, name) ? this.query[name] : undefined);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      this.faults.push(...(error.errors ?? [{ pointer: `/${name}`, detail: error.message }]));
      return undefined;
    }
  }

  finish(): void {
    if (this.faults.length === 0) return;
    const detail = this.faults.map((fault) => `${fault.pointer.slice(1)} ${fault.detail}.`).join(' ');
    throw new DomainError('invalid-query-parameter', detail, { errors: this.faults });
  }
}

function textList(value: unknown): string[] | undefined {
  if (value === undefined) return undefined;
  const texts = [value].flat();
  const items = texts.flatMap((text) => (typeof text === 'string' ? text.split(',') : ['']));
  if (items.includes('')) throw new DomainError('invalid-query-parameter', 'must be a list without empty items');
  return [...new Set(items)];
}

function statusList(value: unknown): JobStatus[] | undefined {
  const items = textList(value);
  if (items?.some((item) => !(JOB_STATUSES as readonly string[]).includes(item))) {
    throw new DomainError('invalid-query-parameter', `must be a list of: ${JOB_STATUSES.join(', ')}`);
  }
  return items as JobStatus[] | undefined;
}

function secondsList(value: unknown): number[] | undefined {
  const items = textList(value);
  if (items?.some((item) => !/^\d{1,15}$/.test(item))) {
    throw new DomainError('invalid-query-parameter', 'must be a whole number of seconds, or a list of these');
  }
  return items?.map((item) => Math.min(Number(item), MOST_SECONDS));
}

/** An accepted job has no duration, also when an earlier attempt of it has begun. */
function statesOfAll(statuses: readonly JobStatus[], isTimed: boolean): StateType[] {
  const chosen = new Set(statuses.flatMap(statesOf));
  return STATE_TYPES.filter((state) => chosen.has(state) && !(isTimed && statusOf(state) === 'accepted'));
}
