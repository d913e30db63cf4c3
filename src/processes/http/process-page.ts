import { z } from 'zod';
import { decodeCursor, encodeCursor } from '../../ogc/paging/cursor.js';
import { parseLimit } from '../../ogc/paging/limit.js';
import type { PageCursors } from '../../ogc/paging/page-links.js';
import type { RegisteredProcess } from '../registered-process.js';

/** Where a page begins: after an id, or before one when going back. */
const position = z.union([z.strictObject({ after: z.string() }), z.strictObject({ before: z.string() })]);

/** A page of the list of processes, and the cursors of its neighbours. */
export interface ProcessPage {
  readonly processes: RegisteredProcess[];
  readonly cursors: PageCursors;
}

/**
 * Cuts a page out of the processes. Cursors hold ids and not offsets, so a page stays right when processes come or go.
 * @param sorted all processes, by id
 * @throws DomainError `invalid-query-parameter`
 */
export function pageOfProcesses(
  sorted: readonly RegisteredProcess[],
  query: { limit?: unknown; cursor?: unknown },
): ProcessPage {
  const limit = parseLimit(query.limit);
  const at = decodeCursor(query.cursor, position);
  const [start, end] = bounds(sorted, limit, at);
  const processes = sorted.slice(start, end);
  const first = processes[0];
  const last = processes.at(-1);
  return {
    processes,
    cursors: {
      ...(last && end < sorted.length && { next: encodeCursor({ after: last.description.id }) }),
      ...(first && start > 0 && { prev: encodeCursor({ before: first.description.id }) }),
    },
  };
}

function bounds(
  sorted: readonly RegisteredProcess[],
  limit: number,
  at: z.output<typeof position> | undefined,
): [start: number, end: number] {
  if (at && 'before' in at) {
    const end = indexFrom(sorted, (id) => id >= at.before);
    return [Math.max(0, end - limit), end];
  }
  const start = at ? indexFrom(sorted, (id) => id > at.after) : 0;
  return [start, Math.min(sorted.length, start + limit)];
}

function indexFrom(sorted: readonly RegisteredProcess[], fits: (id: string) => boolean): number {
  const index = sorted.findIndex(({ description }) => fits(description.id));
  return index === -1 ? sorted.length : index;
}
