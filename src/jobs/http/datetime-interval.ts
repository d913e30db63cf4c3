import { z } from 'zod';
import { DomainError } from '../../ogc/problems/domain-error.js';

/** Milliseconds since 1970, both ends inclusive; an absent end is open. */
export interface DatetimeInterval {
  readonly from?: number;
  readonly to?: number;
}

const RFC_3339 = z.iso.datetime({ offset: true });
const INSTRUCTION =
  'must be an instant (2026-01-31T12:00:00Z) or an interval (start/end, ../end, start/..) as in RFC 3339';

/**
 * Reads the query parameter `datetime` (OGC 18-062r2 /req/job-list/datetime-definition): an instant, or an interval
 * whose open end is `..` or left blank.
 * @throws DomainError `invalid-query-parameter`, also for an interval that ends before it starts
 */
export function parseDatetime(value: unknown): DatetimeInterval {
  if (typeof value !== 'string' || value.trim() === '') throw new DomainError('invalid-query-parameter', INSTRUCTION);
  const ends = value.split('/');
  if (ends.length > 2) throw new DomainError('invalid-query-parameter', INSTRUCTION);
  if (ends.length === 1) {
    const instant = parseInstant(ends[0]);
    return { from: instant, to: instant };
  }
  const [from, to] = ends.map((end) => (end === '' || end === '..' ? undefined : parseInstant(end)));
  if (from !== undefined && to !== undefined && from > to) {
    throw new DomainError('invalid-query-parameter', 'ends before it starts');
  }
  return { from, to };
}

function parseInstant(text: string): number {
  // RFC 3339 section 5.6 allows lower case; a plus sign that was not percent-encoded arrives as a space.
  const standard = text.toUpperCase().replace(/ (?=\d\d:\d\d$)/, '+');
  const time = RFC_3339.safeParse(standard).success ? Date.parse(standard) : NaN;
  if (Number.isNaN(time)) throw new DomainError('invalid-query-parameter', INSTRUCTION);
  return time;
}
