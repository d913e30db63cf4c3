import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encodeCursor } from '../../ogc/paging/cursor.js';
import { DomainError } from '../../ogc/problems/domain-error.js';
import { parseJobListQuery } from './job-list-query.js';

const ID = '01a1fa90-3e59-7078-b899-05d5582e89d0';

function faultsOf(query: Record<string, unknown>): string[] {
  try {
    parseJobListQuery(query);
  } catch (error) {
    if (error instanceof DomainError && error.code === 'invalid-query-parameter') {
      return error.errors!.map(({ pointer }) => pointer);
    }
    throw error;
  }
  return [];
}

describe(parseJobListQuery.name, () => {
  it('asks for the ten newest jobs by default (/req/job-list/limit-definition)', () => {
    expect(parseJobListQuery({})).toEqual({ limit: 10, filter: {}, isEmpty: false });
  });

  it('takes lists with commas, repeated, and both (/req/job-list/processID-definition)', () => {
    for (const processID of ['a,b', ['a', 'b'], ['a,b', 'a']]) {
      expect(parseJobListQuery({ processID }).filter.processIds).toEqual(['a', 'b']);
    }
  });

  it('reads statuses as the states behind them (/req/job-list/status-definition)', () => {
    expect(parseJobListQuery({ status: 'failed,accepted' }).filter.states).toEqual([
      ...['SCHEDULED', 'PENDING', 'FAILED', 'CRASHED'],
    ]);
  });

  it.each([
    ['process', false],
    ['process,other', false],
    ['other', true],
    [['other', 'process'], false],
  ])(
    'lists all jobs for a type list with process, none for another: %j (/req/job-list/type-response)',
    (type, none) => {
      expect(parseJobListQuery({ type }).isEmpty).toBe(none);
    },
  );

  it('lets a job meet any of several durations (/req/job-list/duration-definition)', () => {
    const { filter } = parseJobListQuery({ minDuration: '60,30', maxDuration: ['90', '120'] });
    expect(filter).toMatchObject({ minDuration: 30, maxDuration: 120 });
  });

  it('knows that an accepted job has no duration', () => {
    expect(parseJobListQuery({ status: 'accepted', minDuration: '0' }).isEmpty).toBe(true);
    expect(parseJobListQuery({ status: 'accepted,failed', minDuration: '0' }).filter.states).toEqual([
      ...['FAILED', 'CRASHED'],
    ]);
  });

  it('reads cursors in both directions', () => {
    const position = { created: '1795205140665307', id: ID };
    expect(parseJobListQuery({ cursor: encodeCursor(['after', position.created, ID]) })).toMatchObject({
      after: position,
    });
    expect(parseJobListQuery({ cursor: encodeCursor(['before', position.created, ID]) })).toMatchObject({
      before: position,
    });
  });

  it('names every fault at once', () => {
    const query = {
      ...{ limit: '0', cursor: 'x', type: '', processID: 'a,,b', status: 'done' },
      ...{ datetime: 'now', minDuration: '1.5', maxDuration: '-1' },
    };
    const names = ['limit', 'cursor', 'type', 'processID', 'status', 'datetime', 'minDuration', 'maxDuration'];
    expect(faultsOf(query)).toEqual(names.map((name) => `/${name}`));
  });

  it('throws nothing but DomainError, whatever the query', () => {
    const name = fc.constantFrom('limit', 'cursor', 'type', 'processID', 'status', 'datetime', 'minDuration');
    const value = fc.oneof(fc.string(), fc.array(fc.string(), { maxLength: 3 }));
    fc.assert(fc.property(fc.dictionary(name, value), (query) => void faultsOf(query)));
  });
});
