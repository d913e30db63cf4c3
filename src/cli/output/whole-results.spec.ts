import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import type { HttpAnswer } from '../client/http-connection.js';
import { readParts } from './multipart.js';
import { readWholeResults, resultLinks } from './whole-results.js';

/** An answer of any server, as far as it matters here. */
function answer(
  statusCode: number,
  headers: Record<string, string | string[]>,
  content: string | Buffer = '',
): HttpAnswer {
  const body = Object.assign(Readable.from([]), {
    arrayBuffer: () => Promise.resolve(new Uint8Array(Buffer.from(content)).buffer),
    dump: () => Promise.resolve(),
  });
  return { statusCode, headers, body } as unknown as HttpAnswer;
}
const json = (document: unknown, headers = {}) =>
  answer(200, { 'content-type': 'application/json; charset=utf-8', ...headers }, JSON.stringify(document));

describe(readWholeResults.name, () => {
  it('takes JSON for the document when its members are outputs, or when the server says so', async () => {
    const document = { a: 1, b: { href: 'http://x' } };
    expect(await readWholeResults(json(document), ['a', 'b', 'c'])).toEqual({ members: document });
    const link = '<https://www.opengis.net/def/profile/OGC/0/ogc-results>; rel="profile"';
    expect(await readWholeResults(json(document, { link }), [])).toEqual({ members: document });
  });

  it('goes by the outputs that were asked for where the process describes none', async () => {
    const document = { a: 1, b: 2 };
    expect(await readWholeResults(json(document), [], ['a'])).toEqual({ members: document });
    expect(await readWholeResults(json(document), [], ['c'])).not.toHaveProperty('members');
  });

  it.each<[string, HttpAnswer]>([
    ['one bare output that is an object', json({ type: 'Point', coordinates: [1, 2] })],
    ['one bare output that is a list', json([1, 2])],
    ['bytes', answer(200, { 'content-type': 'image/png' }, 'png')],
    ['parts without ids', answer(200, { 'content-type': 'multipart/related; boundary=b' }, '--b\r\n\r\nx\r\n--b--')],
    ['a broken multipart body', answer(200, { 'content-type': 'multipart/related; boundary=b' }, '--b\r\n\r\nx')],
  ])('takes no document out of %s', async (_, given) => {
    expect(await readWholeResults(given, ['a'])).not.toHaveProperty('members');
  });

  it('reads several parts: values, bytes and references, by their Content-ID', async () => {
    const parts = [
      'preamble',
      '--the boundary\r\nContent-ID: list\r\nContent-Type: application/json\r\n\r\n[1]',
      '--the boundary\r\ncontent-id: <text>\r\ncontent-type: text/csv; charset=utf-8\r\n\r\na,b\r\n',
      '--the boundary\r\nContent-ID: bytes\r\n\r\n\u0001',
      '--the boundary\r\nContent-ID: far\r\nContent-Type: image/png\r\nContent-Location: http://x/far\r\n\r\n',
      '--the boundary--\r\nepilogue',
    ];
    const type = 'multipart/related; boundary="the boundary"; type="application/json"';
    const { members } = await readWholeResults(answer(200, { 'content-type': type }, parts.join('\r\n')), []);
    expect(members).toEqual({
      list: { value: [1], mediaType: 'application/json' },
      text: { value: 'a,b\r\n', mediaType: 'text/csv' },
      bytes: expect.anything(),
      far: { href: 'http://x/far', type: 'image/png' },
    });
  });

  it('names the links of a 204 by output', async () => {
    const link = [
      '<http://x/jobs/1/results/a%20b>; rel="results"; type="image/png"',
      '<http://x/files/7>; rel="results"; title="c"',
      '<http://x/files/8>; rel="results", <http://x/jobs/1>; rel=monitor',
    ];
    expect(await readWholeResults(answer(204, { link }), ['a b', 'c', 'd'])).toEqual({
      members: {
        'a b': { href: 'http://x/jobs/1/results/a%20b', type: 'image/png' },
        c: { href: 'http://x/files/7' },
        'result-3': { href: 'http://x/files/8' },
      },
    });
    expect(await readWholeResults(answer(204, { link: '<http://x/y>; rel="results"' }), ['only'])).toEqual({
      members: { only: { href: 'http://x/y' } },
    });
    expect(await readWholeResults(answer(204, {}), ['a'])).toEqual({ members: {} });
  });
});

describe(readParts.name, () => {
  it('keeps every byte of a part', () => {
    const bytes = Buffer.from([0, 13, 10, 45, 45, 255, 13, 10]);
    const body = Buffer.concat([Buffer.from('--b\r\nContent-ID: x\r\n\r\n'), bytes, Buffer.from('\r\n--b--')]);
    expect(readParts('multipart/related; boundary=b', body)).toEqual([{ headers: { 'content-id': 'x' }, body: bytes }]);
  });

  it('reads nothing without a boundary', () => {
    expect(readParts('multipart/related', Buffer.from('--b--'))).toBeUndefined();
  });
});

describe(resultLinks.name, () => {
  it('finds the results among the links of a 204, with commas in targets and titles', () => {
    const header =
      '<http://a/1,2>; rel="http://www.opengis.net/def/rel/ogc/1.0/results"; title="a, b", <http://a/job>; rel=monitor';
    expect(resultLinks([header, '<http://a/3>; rel="result"']).map(({ href }) => href)).toEqual([
      'http://a/1,2',
      'http://a/3',
    ]);
  });
});
