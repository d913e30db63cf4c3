import { describe, expect, it } from '@jest/globals';
import type { JobListRow } from '../store/job-list.js';
import { jobListPage } from './job-list-page.js';
import { parseJobListQuery } from './job-list-query.js';

/** A list of jobs created one microsecond after the other, read as the store reads it. */
const id = (n: number) => `01a1fa90-3e59-7078-b899-${String(n).padStart(12, '0')}`;
const row = (n: number) => ({ id: id(n), created_micros: String(n) }) as JobListRow;

function page(jobs: number[], cursor?: string) {
  const query = parseJobListQuery({ limit: '3', ...(cursor !== undefined && { cursor }) });
  const newestFirst = [...jobs].sort((a, b) => b - a);
  const after = Number(query.after?.created ?? Infinity);
  const before = Number(query.before?.created ?? -Infinity);
  const rows = query.before ? newestFirst.reverse().filter((n) => n > before) : newestFirst.filter((n) => n < after);
  const { jobs: listed, cursors } = jobListPage(query, rows.slice(0, query.limit + 1).map(row));
  return { ids: listed.map(({ created_micros: n }) => Number(n)), cursors };
}

const SEVEN = [1, 2, 3, 4, 5, 6, 7];

describe(jobListPage.name, () => {
  it('leads forth to the end and back to the beginning, without loss or repetition', () => {
    const first = page(SEVEN);
    const second = page(SEVEN, first.cursors.next);
    const third = page(SEVEN, second.cursors.next);
    expect([first.ids, second.ids, third.ids]).toEqual([[7, 6, 5], [4, 3, 2], [1]]);
    expect(first.cursors.prev).toBeUndefined();
    expect(third.cursors.next).toBeUndefined();

    const back = page(SEVEN, third.cursors.prev);
    const start = page(SEVEN, back.cursors.prev);
    expect([back.ids, start.ids]).toEqual([second.ids, first.ids]);
    expect(start.cursors.prev).toBeUndefined();
    expect(page(SEVEN, start.cursors.next).ids).toEqual(second.ids);
  });

  it('shows what came in front since, on the way back', () => {
    const second = page(SEVEN, page(SEVEN).cursors.next);
    const start = page([...SEVEN, 8], page([...SEVEN, 8], second.cursors.prev).cursors.prev);
    expect(start.ids).toEqual([8]);
  });

  it('finds the way back from a page whose jobs are gone', () => {
    const empty = page([5, 6, 7], page(SEVEN).cursors.next);
    expect(empty.ids).toEqual([]);
    expect(empty.cursors.next).toBeUndefined();
    expect(page([5, 6, 7], empty.cursors.prev).ids).toEqual([7, 6]);
  });
});
