import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { RegisteredProcess } from '../registered-process.js';
import { pageOfProcesses } from './process-page.js';

function processes(...ids: string[]): RegisteredProcess[] {
  return [...new Set(ids)].sort((a, b) => (a < b ? -1 : 1)).map((id) => ({ description: { id } }) as RegisteredProcess);
}

const idsOf = (page: RegisteredProcess[]) => page.map(({ description }) => description.id);

describe('pages of processes', () => {
  it('next leads through all processes once, and prev all the way back (/rec/core/next-1 to next-3)', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 1 }), { maxLength: 30 }),
        fc.integer({ min: 1, max: 7 }),
        (ids, limit) => {
          const all = processes(...ids);
          const forward: string[][] = [];
          let cursor: string | undefined;
          let prev: string | undefined;
          do {
            const page = pageOfProcesses(all, { limit: String(limit), cursor });
            forward.push(idsOf(page.processes));
            ({ next: cursor, prev } = page.cursors);
          } while (cursor);
          expect(forward.flat()).toEqual(idsOf(all));
          const back: string[][] = [];
          while (prev) {
            const page = pageOfProcesses(all, { limit: String(limit), cursor: prev });
            back.unshift(idsOf(page.processes));
            prev = page.cursors.prev;
          }
          expect(back).toEqual(forward.slice(0, -1));
        },
      ),
    );
  });

  it('goes on after a process that has gone in the meantime', () => {
    const { cursors } = pageOfProcesses(processes('a', 'b', 'c'), { limit: '2' });
    expect(idsOf(pageOfProcesses(processes('a', 'c'), { cursor: cursors.next }).processes)).toEqual(['c']);
  });

  it.each([
    { limit: '0' },
    { limit: '10001' },
    { limit: 'x' },
    { limit: ['1', '2'] },
    { cursor: 'x' },
    { cursor: 'e30' },
  ])('refuses %j', (query) => {
    const attempt = () => pageOfProcesses(processes('a'), query);
    expect(attempt).toThrow(expect.objectContaining({ code: 'invalid-query-parameter' }));
  });
});
