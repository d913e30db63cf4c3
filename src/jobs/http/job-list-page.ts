import { encodeCursor } from '../../ogc/paging/cursor.js';
import type { PageCursors } from '../../ogc/paging/page-links.js';
import type { JobListRow } from '../store/job-list.js';
import type { JobCursor, JobListQuery } from './job-list-query.js';

/** One page of the job list, newest first, and where the list goes on. */
export interface JobListPage {
  readonly jobs: readonly JobListRow[];
  readonly cursors: PageCursors;
}

/**
 * Makes a page of the rows that were read for it: up to one more than the limit, which tells that the list goes on.
 * In the direction the client came from there is at least the job it came from, so that link is always there.
 */
export function jobListPage(query: JobListQuery, rows: readonly JobListRow[]): JobListPage {
  const goesOn = rows.length > query.limit;
  const jobs = rows.slice(0, query.limit);
  if (query.before !== undefined) jobs.reverse();
  const { created, id } = query.after ?? query.before ?? {};
  const from = created === undefined || id === undefined ? undefined : { created, id };
  const hasNext = query.before !== undefined || goesOn;
  const hasPrev = query.after !== undefined || (query.before !== undefined && goesOn);
  return {
    jobs,
    cursors: {
      ...(hasNext && { next: cursorAt('after', jobs.at(-1), from) }),
      ...(hasPrev && { prev: cursorAt('before', jobs.at(0), from) }),
    },
  };
}

/** A page can be empty when its jobs were removed meanwhile; then the way back starts where the client came from. */
function cursorAt(
  side: JobCursor[0],
  row: JobListRow | undefined,
  from: { created: string; id: string } | undefined,
): string {
  const key = row === undefined ? [from!.created, from!.id] : [row.created_micros, row.id];
  return encodeCursor([side, ...key]);
}
