import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { Settings } from '../../config/settings.js';
import { LocalBytes } from '../../jobs/files/stored-bytes.js';
import type { OgcSchema, OutputDescription } from '../../processes/process-description.js';
import type { ResultOutput } from './result-output.js';
import type { ResultsQuestion } from './results-plan.js';
import type { ResultsResponse } from './results-response.js';
import { ResultsWriter } from './results.writer.js';

const DESCRIBED: Record<string, OutputDescription> = {
  text: { schema: { type: 'string' }, title: 'A "text"' },
  plain: { schema: { type: 'string', contentMediaType: 'text/plain' } },
  xml: { schema: { type: 'string', contentMediaType: 'application/xml' } },
  number: { schema: { type: 'number' } },
  list: { schema: { type: 'array' } },
  object: { schema: { type: 'object', contentMediaType: 'application/geo+json' } },
  bbox: { schema: { allOf: [{ format: 'ogc-bbox' }, { type: 'object' }] } },
  bytes: { schema: { type: 'string', contentEncoding: 'base64', contentMediaType: 'image/png' } },
  small: { schema: { type: 'string', contentEncoding: 'binary' } },
  large: { schema: { type: 'string', contentEncoding: 'binary' } },
  json: { schema: { type: 'object' } },
  broken: { schema: { type: 'object' } },
  gone: { schema: { type: 'string', contentEncoding: 'binary' } },
};
const VALUES: ResultOutput[] = [
  { id: 'text', kind: 'value', value: 'grün', mediaType: 'application/json' },
  { id: 'plain', kind: 'value', value: 'grün', mediaType: 'text/plain' },
  { id: 'xml', kind: 'value', value: '<a/>', mediaType: 'application/xml' },
  { id: 'number', kind: 'value', value: 3.5, mediaType: 'application/json' },
  { id: 'list', kind: 'value', value: [1, 2], mediaType: 'application/json' },
  { id: 'object', kind: 'value', value: { type: 'Point' }, mediaType: 'application/geo+json' },
  { id: 'bbox', kind: 'value', value: { bbox: [1, 2, 3, 4] }, mediaType: 'application/json' },
  { id: 'bytes', kind: 'value', value: 'Zm9v', mediaType: 'image/png' },
];
const asBytes = (schema: OgcSchema): OgcSchema => ({ ...schema, contentEncoding: 'base64' });
const LARGE = Buffer.from(Array.from({ length: 300 * 1024 + 1 }, (_, index) => (index * 7) % 256));
const RESULTS_REL = 'http://www.opengis.net/def/rel/ogc/1.0/results';

describe(ResultsWriter.name, () => {
  const writer = new ResultsWriter(Settings.parse({}));
  let directory: string;
  let produced: ResultOutput[];

  const file = async (id: string, bytes: Buffer, mediaType: string): Promise<ResultOutput> => {
    const path = join(directory, `${id}-${randomUUID()}`);
    await writeFile(path, bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return { id, kind: 'file', bytes: new LocalBytes(path), size: bytes.length, sha256, mediaType };
  };

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'results-'));
    const gone: ResultOutput = {
      id: 'gone',
      kind: 'file',
      bytes: new LocalBytes(join(directory, 'none')),
      size: 3,
      sha256: '',
      mediaType: 'x/y',
    };
    produced = [
      ...VALUES,
      await file('small', Buffer.from('0123456789'), 'application/x-netcdf'),
      await file('large', LARGE, 'application/zip'),
      await file('json', Buffer.from('{"a": [1]}'), 'application/json'),
      await file('broken', Buffer.from('{"a": '), 'application/json'),
      gone,
    ];
  });
  afterAll(() => rm(directory, { recursive: true }));

  type Request = Partial<ResultsQuestion['request']>;
  const question = (request: Request, more: Partial<ResultsQuestion> = {}): ResultsQuestion => ({
    produced,
    described: DESCRIBED,
    request: { response: 'raw', dialect: '1.0', ...request },
    urlOf: ({ id }) => `http://host/jobs/1/results/${id}`,
    source: 'job',
    ...more,
  });
  const ask = (request: Request, more?: Partial<ResultsQuestion>): Promise<ResultsResponse> =>
    writer.write(question(request, more));
  const one = (id: string): Request => ({ outputs: [{ id }] });

  /** Reads the body, checking that it is as long as announced. */
  async function bodyOf(response: ResultsResponse): Promise<Buffer> {
    const opened = response.open!();
    const body = opened instanceof Readable ? await buffer(opened) : Buffer.from(opened);
    expect(response.headers['content-length']).toBe(String(body.length));
    return body;
  }
  const documentOf = async (...ids: string[]): Promise<Record<string, unknown>> =>
    JSON.parse(String(await bodyOf(await ask({ response: 'document', outputs: ids.map((id) => ({ id })) }))));

  it.each([
    ['text', undefined, 'application/json', '"grün"'],
    ['text', 'text/plain', 'text/plain; charset=utf-8', 'grün'],
    ['plain', undefined, 'text/plain; charset=utf-8', 'grün'],
    ['plain', 'application/json', 'application/json', '"grün"'],
    ['xml', undefined, 'application/xml', '<a/>'],
    ['number', undefined, 'application/json', '3.5'],
    ['number', 'text/plain', 'text/plain; charset=utf-8', '3.5'],
    ['list', undefined, 'application/json', '[1,2]'],
    ['object', undefined, 'application/geo+json', '{"type":"Point"}'],
    ['bytes', undefined, 'image/png', 'foo'],
    ['small', undefined, 'application/x-netcdf', '0123456789'],
    ['json', undefined, 'application/json', '{"a": [1]}'],
  ])('sends %s bare, with Accept %s as %s', async (id, accept, contentType, body) => {
    const response = await ask(one(id), { accept });
    expect(response.status).toBe(200);
    expect(response.headers['content-type']).toBe(contentType);
    expect(String(await bodyOf(response))).toBe(body);
  });

  describe('in base64, when the request names that encoding', () => {
    const base64 = (...ids: string[]) => ids.map((id) => ({ id, encoding: 'base64' }));
    const CONTENT = {
      text: ['"grün"', 'application/json'],
      plain: ['grün', 'text/plain'],
      object: ['{"type":"Point"}', 'application/geo+json'],
      bytes: ['foo', 'image/png'],
      small: ['0123456789', 'application/x-netcdf'],
      json: ['{"a": [1]}', 'application/json'],
    } as const;
    const encoded = (text: string) => Buffer.from(text).toString('base64');

    it.each(Object.entries(CONTENT))('sends %s bare as the text of that encoding, and says so', async (id, [text]) => {
      const response = await ask({ outputs: base64(id) });
      expect(response.headers['content-transfer-encoding']).toBe('base64');
      expect(String(await bodyOf(response))).toBe(encoded(text));
    });

    it('writes qualified values into a document', async () => {
      const outputs = base64(...Object.keys(CONTENT));
      const document = JSON.parse(String(await bodyOf(await ask({ response: 'document', outputs })))) as unknown;
      const qualified = Object.entries(CONTENT).map(([id, [text, mediaType]]) => [
        id,
        { value: encoded(text), encoding: 'base64', mediaType },
      ]);
      expect(document).toEqual(Object.fromEntries(qualified));
    });

    it('says so in the parts of a body of several', async () => {
      const body = String(await bodyOf(await ask({ outputs: base64('small', 'plain') })));
      expect(body).toContain(`Content-Transfer-Encoding: base64\r\n\r\n${encoded('0123456789')}\r\n`);
      expect(body).toContain(`Content-Transfer-Encoding: base64\r\n\r\n${encoded('grün')}\r\n`);
    });

    it('links to a large one in a document, as without it', async () => {
      const document = String(await bodyOf(await ask({ response: 'document', outputs: base64('large') })));
      expect(JSON.parse(document)).toMatchObject({ large: { href: 'http://host/jobs/1/results/large' } });
    });
  });

  it('streams a large file bare', async () => {
    expect((await bodyOf(await ask(one('large')))).equals(LARGE)).toBe(true);
  });

  it('lets a browser run nothing that an output holds', async () => {
    expect((await ask(one('xml'))).headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining('sandbox'),
    });
  });

  it('writes values and qualified values into a document (results.yaml)', async () => {
    expect(await documentOf('text', 'plain', 'xml', 'number', 'list', 'object', 'bbox', 'bytes')).toEqual({
      text: 'grün',
      plain: 'grün',
      xml: { value: '<a/>', mediaType: 'application/xml' },
      number: 3.5,
      list: [1, 2],
      object: { value: { type: 'Point' }, mediaType: 'application/geo+json' },
      bbox: { bbox: [1, 2, 3, 4] },
      bytes: { value: 'Zm9v', encoding: 'base64', mediaType: 'image/png' },
    });
  });

  it('writes small files into a document and links large ones', async () => {
    expect(await documentOf('small', 'large', 'json', 'broken')).toEqual({
      small: { value: 'MDEyMzQ1Njc4OQ==', encoding: 'base64', mediaType: 'application/x-netcdf' },
      large: { href: 'http://host/jobs/1/results/large', rel: RESULTS_REL, type: 'application/zip', title: 'large' },
      json: { value: { a: [1] } },
      broken: { value: 'eyJhIjog', encoding: 'base64', mediaType: 'application/json' },
    });
  });

  it('writes what a file of JSON or text holds into a document as it writes a value', async () => {
    const texts = {
      text: '"gr\u00fcn"',
      plain: 'gr\u00fcn',
      xml: '<a/>',
      list: '[1,2]',
      object: '{"type":"Point"}',
      bbox: '{"bbox":[1,2,3,4]}',
    };
    const files = await Promise.all(
      Object.entries(texts).map(([id, text]) => {
        const { mediaType } = VALUES.find((value) => value.id === id)!;
        return file(id, Buffer.from(text), mediaType);
      }),
    );
    const request: Request = { response: 'document', outputs: Object.keys(texts).map((id) => ({ id })) };
    const read = async (outputs: ResultOutput[]): Promise<unknown> =>
      JSON.parse(String(await bodyOf(await ask(request, { produced: outputs }))));
    expect(await read(files)).toEqual(await read(VALUES));
  });

  it('qualifies the text of a file where a bare string would be taken for base64', async () => {
    const csv = await file('small', Buffer.from('a,b'), 'text/csv');
    const response = await ask({ response: 'document', ...one('small') }, { produced: [csv] });
    expect(JSON.parse(String(await bodyOf(response)))).toEqual({ small: { value: 'a,b', mediaType: 'text/csv' } });
  });

  describe('in a format that the request names', () => {
    const text = (contentMediaType: string): OgcSchema => ({ type: 'string', contentMediaType });
    const described: ResultsQuestion['described'] = {
      ...DESCRIBED,
      table: { schema: { oneOf: [text('application/xml'), text('text/csv')] } },
      bytes: { schema: { oneOf: [text('application/xml'), text('text/csv')].map(asBytes) } },
    };
    const sent = async (request: Request, more: Partial<ResultsQuestion>) => {
      const response = await ask(request, { described, ...more });
      return [response.headers['content-type'], String(await bodyOf(response))];
    };

    it.each(['table', 'bytes'])(
      'sends the file of %s as the type it was written in, not as the one named',
      async (id) => {
        const csv = await file(id, Buffer.from('a,b'), 'text/csv');
        const outputs = [{ id, mediaType: 'application/xml' }];
        for (const source of ['execution', 'job'] as const) {
          expect(await sent({ outputs }, { produced: [csv], source })).toEqual(['text/csv', 'a,b']);
        }
        const one = await writer.writeOutput(csv, described[id], { accept: '*/*' }, 'application/xml');
        expect([one.headers['content-type'], String(await bodyOf(one))]).toEqual(['text/csv', 'a,b']);
        const refused = writer.writeOutput(csv, described[id], { accept: 'application/xml' }, 'application/xml');
        await expect(refused).rejects.toMatchObject({ code: 'not-acceptable' });
      },
    );

    it('reads the value of a file that has that format only so, beside an output that does not have its own', async () => {
      const plain = await file('text', Buffer.from('"gr\u00fcn"'), 'application/json');
      const csv = await file('table', Buffer.from('a,b'), 'text/csv');
      const outputs = [
        { id: 'text', mediaType: 'text/plain' },
        { id: 'table', mediaType: 'application/xml' },
      ];
      const [, body] = await sent({ outputs }, { produced: [plain, csv] });
      expect(body).toContain('Content-Type: text/plain; charset=utf-8\r\nContent-ID: text\r\n\r\ngr\u00fcn\r\n');
      expect(body).toContain('Content-Type: text/csv\r\nContent-ID: table\r\n\r\na,b\r\n');
    });

    it('says in documents and links what each output is', async () => {
      const outputs = [
        { id: 'small', mediaType: 'application/zip' },
        { id: 'large', mediaType: 'image/png' },
      ];
      const response = await ask({ response: 'document', outputs });
      expect(JSON.parse(String(await bodyOf(response)))).toMatchObject({
        small: { encoding: 'base64', mediaType: 'application/x-netcdf' },
        large: { type: 'application/zip' },
      });
    });
  });

  it('disregards an Accept that the run does not meet only where no job keeps its results', async () => {
    const unmet = { source: 'execution', accept: 'application/zip' } as const;
    await expect(ask(one('small'), unmet)).rejects.toMatchObject({ code: 'not-acceptable' });
    const response = await ask(one('small'), { ...unmet, urlOf: undefined });
    expect([response.headers['content-type'], String(await bodyOf(response))]).toEqual([
      'application/x-netcdf',
      '0123456789',
    ]);
  });

  it('writes everything into a document for return=representation, with transmission by value, or without a job', async () => {
    const { id, ...rest } = one('large').outputs![0];
    for (const [outputs, more] of [
      [[{ id, ...rest }], { returnPreference: 'representation' }],
      [[{ id, transmissionMode: 'value' }], {}],
      [[{ id }], { urlOf: undefined }],
    ] as const) {
      const response = await ask({ response: 'document', outputs }, more);
      const document = JSON.parse(String(await bodyOf(response))) as { large: { value: string } };
      expect(Buffer.from(document.large.value, 'base64').equals(LARGE)).toBe(true);
    }
  });

  it('links values that are wanted by reference, or are large', async () => {
    const outputs = [{ id: 'text', transmissionMode: 'reference' as const }, { id: 'plain' }];
    const plain = { id: 'plain', kind: 'value', value: 'x'.repeat(300 * 1024), mediaType: 'text/plain' } as const;
    const response = await ask({ response: 'document', outputs }, { produced: [...VALUES.slice(0, 1), plain] });
    expect(JSON.parse(String(await bodyOf(response)))).toMatchObject({
      text: { href: 'http://host/jobs/1/results/text', title: 'A "text"' },
      plain: { href: 'http://host/jobs/1/results/plain', type: 'text/plain' },
    });
  });

  it('says which profile a 2.0 document follows (/req/core/process-execute-sync-many-json)', async () => {
    const response = await ask(
      { dialect: '2.0', outputs: [{ id: 'text' }, { id: 'number' }] },
      { returnPreference: 'minimal' },
    );
    expect(response.headers).toMatchObject({
      'content-type': 'application/json',
      link: ['<https://www.opengis.net/def/profile/OGC/0/ogc-results>; rel="profile"'],
    });
    expect(response.applied).toEqual({ return: 'minimal' });
  });

  it('answers references with one Link header each and no body (/req/core/process-execute-sync-raw-ref)', async () => {
    const outputs = ['text', 'large'].map((id) => ({ id, transmissionMode: 'reference' as const }));
    const response = await ask({ outputs });
    expect([response.status, response.open]).toEqual([204, undefined]);
    expect(response.headers).toEqual({
      link: [
        `<http://host/jobs/1/results/text>; rel="${RESULTS_REL}"; type="application/json"; title="A \\"text\\""`,
        `<http://host/jobs/1/results/large>; rel="${RESULTS_REL}"; type="application/zip"; title="large"`,
      ],
    });
  });

  it('writes multipart/related with values and empty reference parts (/req/core/process-execute-sync-raw-mixed-multi)', async () => {
    const outputs = [{ id: 'plain' }, { id: 'small' }, { id: 'large', transmissionMode: 'reference' as const }];
    const response = await ask({ outputs }, { accept: 'application/json' });
    const contentType = response.headers['content-type'] as string;
    expect(contentType).toMatch(/^multipart\/related; boundary="[^"]+"; type="text\/plain"$/);
    const boundary = /boundary="([^"]+)"/.exec(contentType)![1];
    expect(String(await bodyOf(response)).split(`--${boundary}`)).toEqual([
      '',
      '\r\nContent-Type: text/plain; charset=utf-8\r\nContent-ID: plain\r\n\r\ngrün\r\n',
      '\r\nContent-Type: application/x-netcdf\r\nContent-ID: small\r\n\r\n0123456789\r\n',
      '\r\nContent-Type: application/zip\r\nContent-ID: large\r\nContent-Location: http://host/jobs/1/results/large\r\n\r\n\r\n',
      '--\r\n',
    ]);
  });

  it('answers outputs {} with 204 (/req/core/process-execute-success-sync-empty-outputs)', async () => {
    const response = await ask({ dialect: '2.0', outputs: [] }, { source: 'execution' });
    expect(response).toEqual({ status: 204, headers: {}, applied: {} });
  });

  it('says that a file is gone while the answer can still be an error', async () => {
    for (const request of [one('gone'), { ...one('gone'), response: 'document' as const }]) {
      await expect(ask(request)).rejects.toMatchObject({ code: 'result-not-available' });
    }
    const output = produced.find(({ id }) => id === 'gone')!;
    await expect(writer.writeOutput(output, DESCRIBED.gone, {})).rejects.toMatchObject({
      code: 'result-not-available',
    });
  });

  it('breaks the body off when a file shrinks under it', async () => {
    const path = join(directory, 'shrinking');
    await writeFile(path, LARGE);
    const output = {
      id: 'large',
      kind: 'file',
      bytes: new LocalBytes(path),
      size: LARGE.length,
      sha256: '',
      mediaType: 'application/zip',
    } as const;
    const response = await ask(one('large'), { produced: [output] });
    await truncate(path, 10);
    const body = response.open!();
    if (!(body instanceof Readable)) throw new Error('a file must be streamed');
    await expect(buffer(body)).rejects.toThrow(/shorter/);
  });

  it.each<[string, ResultsQuestion['returnPreference'], Request, Partial<ResultsQuestion>, object]>([
    ['representation, bare', 'representation', one('number'), {}, { return: 'representation' }],
    [
      'representation, multipart',
      'representation',
      { outputs: [{ id: 'number' }, { id: 'text' }] },
      {},
      { return: 'representation' },
    ],
    [
      'representation, with a reference asked for',
      'representation',
      { outputs: [{ id: 'number', transmissionMode: 'reference' }, { id: 'text' }] },
      {},
      {},
    ],
    ['minimal, bare', 'minimal', one('number'), {}, { return: 'minimal' }],
    ['minimal, bare and large', 'minimal', one('large'), {}, {}],
    ['minimal, a large one among several parts', 'minimal', { outputs: [{ id: 'number' }, { id: 'large' }] }, {}, {}],
    ['minimal, a document', 'minimal', { response: 'document', ...one('number') }, {}, { return: 'minimal' }],
    [
      'minimal, a document without a job',
      'minimal',
      { response: 'document', ...one('number') },
      { urlOf: undefined },
      { return: 'minimal' },
    ],
    [
      'minimal, a large document without a job',
      'minimal',
      { response: 'document', ...one('large') },
      { urlOf: undefined },
      {},
    ],
  ])('says whether the return preference was honoured: %s', async (_, returnPreference, request, more, applied) => {
    expect((await ask(request, { returnPreference, ...more })).applied).toEqual(applied);
  });

  describe('one output of a job', () => {
    const get = (id: string, conditions: Parameters<ResultsWriter['writeOutput']>[2] = {}): Promise<ResultsResponse> =>
      writer.writeOutput(
        produced.find((output) => output.id === id)!,
        DESCRIBED[id],
        conditions,
      );
    const etag = `"${createHash('sha256').update('0123456789').digest('hex')}"`;

    it('is bare, in the accepted type, or 406', async () => {
      expect((await get('number', { accept: 'text/plain' })).headers['content-type']).toBe('text/plain; charset=utf-8');
      await expect(get('small', { accept: 'text/plain' })).rejects.toMatchObject({ code: 'not-acceptable' });
    });

    it('comes as a large value in every format that a small one has', async () => {
      const point = await file('object', Buffer.from('{"type": "Point"}'), 'application/geo+json');
      const xml = await file('xml', Buffer.from('<a/>'), 'application/xml');
      const plain = await file('text', Buffer.from('"gr\u00fcn"'), 'application/json');
      const as = async (output: ResultOutput, accept: string, requested?: string) => {
        const response = await writer.writeOutput(output, DESCRIBED[output.id], { accept }, requested);
        return [response.headers['content-type'], String(await bodyOf(response))];
      };
      expect(await as(point, 'application/json')).toEqual(['application/json', '{"type": "Point"}']);
      expect(await as(xml, 'application/json')).toEqual(['application/json', '"<a/>"']);
      expect(await as(plain, 'text/plain')).toEqual(['text/plain; charset=utf-8', 'gr\u00fcn']);
      const bare = await ask(one('xml'), { produced: [xml], accept: 'application/json' });
      expect([bare.headers['content-type'], String(await bodyOf(bare))]).toEqual(['application/json', '"<a/>"']);
      await expect(as(xml, 'image/png')).rejects.toMatchObject({ code: 'not-acceptable' });
    });

    it('comes in the format that was asked for with it, unless the client wants another one', async () => {
      const number = produced.find(({ id }) => id === 'number')!;
      const typeOf = async (accept: string | undefined) =>
        (await writer.writeOutput(number, DESCRIBED.number, { accept }, 'text/plain')).headers['content-type'];
      expect(await typeOf('*/*')).toBe('text/plain; charset=utf-8');
      expect(await typeOf(undefined)).toBe('text/plain; charset=utf-8');
      expect(await typeOf('application/json')).toBe('application/json');
    });

    it('is a file with ranges and an entity tag also where it is the whole of the results', async () => {
      const whole = question(one('small'));
      const part = await writer.write(whole, { range: 'bytes=2-4' });
      expect([part.status, part.headers['content-range'], String(await bodyOf(part))]).toEqual([
        206,
        'bytes 2-4/10',
        '234',
      ]);
      expect((await writer.write(whole, { ifNoneMatch: etag })).status).toBe(304);
    });

    it('names a file by its hash and says 304 to those who have it', async () => {
      const response = await get('small');
      expect(response.headers).toMatchObject({ etag, 'accept-ranges': 'bytes', 'content-length': '10' });
      expect(String(await bodyOf(response))).toBe('0123456789');
      const cached = await get('small', { ifNoneMatch: etag });
      expect([cached.status, cached.open]).toEqual([304, undefined]);
    });

    it('comes in ranges', async () => {
      const response = await get('small', { range: 'bytes=2-4', ifRange: etag });
      expect(response.status).toBe(206);
      expect(response.headers['content-range']).toBe('bytes 2-4/10');
      expect(String(await bodyOf(response))).toBe('234');
      expect((await get('small', { range: 'bytes=2-4', ifRange: '"other"' })).status).toBe(200);
      const beyond = await get('small', { range: 'bytes=10-' });
      expect([beyond.status, beyond.headers['content-range']]).toEqual([416, 'bytes */10']);
    });
  });
});
