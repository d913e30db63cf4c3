import { z } from 'zod';
import { decodeCursor } from '../../ogc/paging/cursor.js';
import { DomainError } from '../../ogc/problems/domain-error.js';
import { invalidQuery } from '../../ogc/problems/invalid-query.js';

const EVENT_CURSOR = z.int().min(0).max(999_999_999);
const NUMBER = /^\d{1,9}$/;

/** The ways in which a client says which events it has. */
export interface EventPositionSources {
  readonly cursor?: unknown;
  readonly after?: unknown;
  readonly lastEventId?: unknown;
  /** The header `Last-Event-ID`, which a browser sends when it connects again. */
  readonly header?: string | string[];
}

/**
 * The number of the last event that a client has; 0 for none. What a connection that comes back says in its header
 * counts before the query it was first made with.
 * @throws DomainError `invalid-query-parameter`, `bad-request` for the header
 */
export function parseEventPosition({ cursor, after, lastEventId, header }: EventPositionSources): number {
  if (header !== undefined && header !== '') {
    if (typeof header === 'string' && NUMBER.test(header)) return Number(header);
    throw new DomainError('bad-request', 'Last-Event-ID must be the number of an event.');
  }
  return decodeCursor(cursor, EVENT_CURSOR) ?? number('lastEventId', lastEventId) ?? number('after', after) ?? 0;
}

function number(name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && NUMBER.test(value)) return Number(value);
  throw invalidQuery(name, 'must be the number of an event');
}
