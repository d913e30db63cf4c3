import { describe, expect, it } from '@jest/globals';
import { encodeCursor } from '../../ogc/paging/cursor.js';
import { parseEventPosition } from './event-position.js';

describe(parseEventPosition.name, () => {
  it.each([
    [{}, 0],
    [{ after: '7' }, 7],
    [{ lastEventId: '8', after: '7' }, 8],
    [{ cursor: encodeCursor(9) }, 9],
    [{ header: '10', lastEventId: '8' }, 10],
    [{ header: '', after: '7' }, 7],
  ])('reads %j', (sources, position) => expect(parseEventPosition(sources)).toBe(position));

  it.each([
    [{ after: '-1' }, 'invalid-query-parameter'],
    [{ after: ['1', '2'] }, 'invalid-query-parameter'],
    [{ lastEventId: '99999999999' }, 'invalid-query-parameter'],
    [{ cursor: encodeCursor('x') }, 'invalid-query-parameter'],
    [{ header: 'abc' }, 'bad-request'],
    [{ header: ['1', '2'] }, 'bad-request'],
  ])('refuses %j', (sources, code) => {
    expect(() => parseEventPosition(sources)).toThrow(expect.objectContaining({ code }));
  });
});
