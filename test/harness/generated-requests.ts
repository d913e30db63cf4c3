import fc from 'fast-check';
import { type BodySchema, type SchemaComponents, valuesOf } from './generated-bodies.js';
import type { RawRequest } from './raw-http.js';

/** An operation of an OpenAPI document, as far as requests are made from it. */
export interface DescribedOperation {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  /** Schema of the request body by media type. */
  readonly content?: Readonly<Record<string, { readonly schema?: BodySchema }>>;
}

/** Ids that exist, by the name of the path parameter in lower case. */
export type KnownIds = Readonly<Record<string, readonly string[]>>;

const NASTY = [
  ...['', '.', '..', '../..', '%', '%zz', '%00', '%2e%2e%2f', '%ff%fe', '%C0%AF', '%ED%A0%80', '%F0%9F%A6%91', '🦑'],
  ...[
    '__proto__',
    'constructor',
    'toString',
    'null',
    'undefined',
    'NaN',
    '-1',
    '0',
    '1',
    '1e999',
    '99999999999999999999',
  ],
  ...[
    "' OR 1=1 --",
    '${7*7}',
    '<script>',
    '\u202e',
    'a'.repeat(3_000),
    '[',
    '{"a":',
    '[object Object]',
    '/',
    ';',
    ',',
    '&',
    '=',
  ],
];
const nasty = fc.constantFrom(...NASTY);
/** Anything that may stand in a request line without ending it. */
const line = (text: string) => text.replace(/[\0-\x20\x7f]/g, '');
const anyText = fc.oneof(
  nasty,
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.string({ unit: 'binary', maxLength: 30 }),
);
const encoded = anyText.map((text) => encodeURIComponent(text.toWellFormed()));
const segment = fc.oneof(
  anyText.map((text) => line(text).replace(/[?#]/g, '')),
  encoded,
);

const QUERY_VALUES = [
  'true',
  'json',
  'html',
  'application/json',
  '10',
  '../..',
  '2026-01-01T00:00:00Z/..',
  '9999-99-99',
  'a,b',
  '[]',
  '{}',
];
const queryValue = fc.oneof(
  fc.constantFrom(...QUERY_VALUES),
  encoded,
  anyText.map((text) => line(text).replace('#', '')),
);

function queryOf(names: readonly string[]): fc.Arbitrary<string> {
  const known = names.length > 0 ? [fc.constantFrom(...names)] : [];
  const name = fc.oneof(
    ...known,
    fc.constantFrom('f', 'limit', 'cursor', 'profile', 'validate', 'outputs', '__proto__'),
    encoded,
  );
  const member = fc.oneof(
    { weight: 3, arbitrary: fc.constant('') },
    fc.constantFrom('[f]', '[href]', '[value]', '[include]', '[]', '[__proto__]', '[a][b]', '['),
  );
  const pair = fc.tuple(name, member, queryValue).map(([key, suffix, value]) => `${key}${suffix}=${value}`);
  const parts = fc.array(fc.oneof({ weight: 5, arbitrary: pair }, fc.constantFrom('', '=', 'x', '%')), {
    maxLength: 4,
  });
  return parts.map((list) => (list.length === 0 ? '' : `?${list.join('&')}`));
}

const HEADER_VALUES: Readonly<Record<string, readonly string[]>> = {
  Accept: [
    'application/json',
    'text/html',
    '*/*',
    'text/event-stream',
    'application/x-nothing',
    ';;;',
    'a/b;q=x',
    'application/json;q=0',
    'multipart/related, */*;q=0.1',
  ],
  Prefer: [
    'respond-async',
    'respond-async ',
    'wait=0',
    'wait=1',
    'wait=-1',
    'wait=1e9',
    'return=minimal',
    'return=representation',
    'handling=strict; validate-only',
    '"',
    'a="\\',
    'respond-async;x, wait=1, wait=0',
  ],
  'Content-Type': [
    'application/json',
    'application/json; charset=latin1',
    'text/plain',
    'multipart/form-data',
    'application/xml',
    ';',
    'application/json;',
  ],
  'Content-Encoding': ['gzip', 'identity'],
  'Idempotency-Key': ['a', '', '"quoted"', 'k'.repeat(500), 'ü'],
  'Last-Event-ID': ['0', '-1', '999999999999999999999', 'x', ''],
  Range: ['bytes=0-0', 'bytes=-1', 'bytes=5-1', 'bytes=0-0,2-3', 'bytes=99999999999999999999-', 'lines=1'],
  'Tus-Resumable': ['1.0.0', '1.0.0', '0.2.2', '', 'x'],
  'Upload-Length': ['10', '0', '-1', '1e3', '99999999999999999999', '999999999999999', 'x'],
  'Upload-Offset': ['0', '5', '10', '-1', '99999999999999999999', 'x', ''],
  'Upload-Metadata': ['filename YQ==', 'filename !', 'a,a,a', ' ', 'filetype AA==,filename /w=='],
  'Upload-Defer-Length': ['1', '0', 'x'],
  'Upload-Concat': ['partial', 'final;/uploads/x'],
  'X-HTTP-Method-Override': ['PATCH', 'DELETE', 'x'],
  'Cache-Control': ['no-cache', 'no-store', 'max-age=0', 'max-age=-1', 'only-if-cached', '"'],
  'If-Match': ['*', '"1"', '"2"', 'W/"1"', '"999999999999999999999"', 'x', '', '"1", "2"'],
  'If-None-Match': ['*', '""', 'W/"x"', 'x'],
  'If-Range': ['""', 'x', 'Thu, 01 Jan 1970 00:00:00 GMT'],
  Host: ['localhost', 'a b', 'evil.example:99999', '[::1', ''],
  Forwarded: ['for=1.2.3.4;host=a.example;proto=https', ';;=', 'host="'],
  'X-Forwarded-Host': ['a.example', 'a b', '<script>'],
  'X-Forwarded-Proto': ['https', 'javascript', ''],
  'X-Forwarded-For': ['1.2.3.4', 'unknown, x'],
  'X-Forwarded-Prefix': ['/ogc', '//evil', '%'],
  'X-Forwarded-Port': ['443', '-1', 'x'],
  'Accept-Encoding': ['gzip', '*;q=0'],
  Origin: ['https://a.example', 'null', ''],
  'Access-Control-Request-Method': ['POST', 'x'],
  Cookie: ['a=b', '='],
  Expect: ['100-continue', 'nothing'],
  Upgrade: ['websocket'],
};
const headerValue = fc
  .oneof(nasty, fc.string({ unit: 'grapheme', maxLength: 40 }))
  .map((text) => text.replace(/[\0-\x1f\x7f]/g, ''));

const header = fc
  .constantFrom('Accept', 'Accept', ...Object.keys(HEADER_VALUES))
  .chain((name) =>
    fc.tuple(
      fc.constant(name),
      fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...HEADER_VALUES[name]) }, headerValue),
    ),
  );
/** No name twice: a second Host or Content-Type is garbage of another kind. */
export const oddHeaders = fc.uniqueArray(header, { maxLength: 4, selector: ([name]) => name });

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY', 'PURGE'];

const jsonTexts = fc.constantFrom(
  ...[
    '',
    '{',
    'null',
    '[]',
    '0',
    '"x"',
    '{"inputs":{}}',
    '{"inputs":[]}',
    '{"inputs":{},"inputs":1}',
    '{"outputs":{}}',
    '\ufeff{}',
  ],
  ...[
    '{"__proto__":{"a":1}}',
    '{"constructor":{"prototype":{}}}',
    '{"inputs":{"__proto__":{}}}',
    '1e999',
    'NaN',
    "{'a':1}",
  ],
  ...[100, 5_000, 200_000].map((depth) => '['.repeat(depth)),
  ...[
    '{"inputs":{"arrayInput":[1e400]}}',
    '{"inputs":{"mixedInput":{"value":{"a":-1e400}}}}',
    '{"inputs":{"pause":1e400}}',
  ],
  ...[100, 5_000, 100_000].map((depth) => `{"inputs":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`),
);
export const oddBody = fc.oneof(
  jsonTexts.map((text) => Buffer.from(text)),
  fc.json({ maxDepth: 4 }).map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.constant(Buffer.from(`"${'x'.repeat(200_000)}"`)),
);

/** Values of the headers that an operation reads, most of them the ones it hopes for. */
function headersOf({ parameters }: DescribedOperation): fc.Arbitrary<(readonly [string, string])[]> {
  const names = new Set(parameters.filter((parameter) => parameter.in === 'header').map(({ name }) => name));
  const known = [...names].filter((name) => name in HEADER_VALUES);
  const each = known.map((name) =>
    fc.option(fc.constantFrom(...HEADER_VALUES[name]).map((value) => [name, value] as const)),
  );
  return fc.tuple(...each).map((list) => list.filter((entry) => entry !== null));
}

/** A body that a schema describes, as bytes, with some of its nodes or none replaced, removed, wrapped or added to. */
function documentedBody(schema: BodySchema, components: SchemaComponents): fc.Arbitrary<Buffer> {
  if (schema.format === 'binary') return fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes));
  const document = valuesOf(schema, components);
  return document
    .chain((value) => fc.oneof(fc.constant(value), mutated(value)))
    .chain((value) => withRawNumbers(impatient(value)))
    .map((text) => Buffer.from(text));
}

/** Requests with a body at the routes that read one, near to what is described. */
export function bodiesAt(
  operations: readonly DescribedOperation[],
  ids: KnownIds,
  components: SchemaComponents,
): fc.Arbitrary<RawRequest> {
  const reading = operations.flatMap((operation) =>
    Object.entries(operation.content ?? {}).map(([type, { schema = {} }]) => ({ operation, type, schema })),
  );
  return fc.constantFrom(...reading).chain(({ operation, type, schema }) => {
    const body = fc.oneof({ weight: 8, arbitrary: documentedBody(schema, components) }, oddBody);
    const headers = fc.tuple(headersOf(operation), fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, oddHeaders));
    return fc.tuple(pathOf(operation.path, ids), headers, body).map(([target, [own, odd], content]): RawRequest => {
      const all = [...own, ...odd, ['Content-Type', type] as const];
      const named = new Map(all.map(([name, value]) => [name.toLowerCase(), [name, value] as const]));
      return { method: operation.method, target, headers: [...named.values()], body: content };
    });
  });
}

/** Whatever became of it, echo shall not be told to wait. */
export function impatient(body: unknown): unknown {
  const inputs = (body as { inputs?: { pause?: unknown } } | null | undefined)?.inputs;
  if (typeof inputs === 'object' && inputs !== null && 'pause' in inputs && !Array.isArray(inputs)) inputs.pause = 0;
  return body;
}

/** Requests at the routes of an OpenAPI document, mostly near to what is described, and at what is none. */
export function requestsAt(operations: readonly DescribedOperation[], ids: KnownIds): fc.Arbitrary<RawRequest> {
  const described = fc.constantFrom(...operations).chain((operation) => {
    const names = operation.parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name);
    const method = fc.oneof({ weight: 4, arbitrary: fc.constant(operation.method) }, fc.constantFrom(...METHODS));
    // A parameter that is not described is refused before anything else is looked at.
    const query = fc.oneof({ weight: 2, arbitrary: fc.constant('') }, queryOf(names));
    return fc.tuple(method, pathOf(operation.path, ids), query);
  });
  const tooLong = fc.tuple(
    fc.constantFrom('GET', 'POST', 'DELETE'),
    fc.constantFrom(...operations.map(({ path }) => path)),
    fc.constant(`?cursor=${'x'.repeat(20_000)}`),
  );
  const other = fc.tuple(
    fc.constantFrom(...METHODS),
    fc.array(segment, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`),
    queryOf([]),
  );
  return fc
    .tuple(
      fc.oneof({ weight: 12, arbitrary: described }, { weight: 2, arbitrary: other }, tooLong),
      oddHeaders,
      fc.option(oddBody, { nil: undefined }),
    )
    .map(([[method, path, query], headers, body]) => ({ method, target: path + query, headers, body }));
}

function pathOf(path: string, ids: KnownIds): fc.Arbitrary<string> {
  const parts = path.split('/').map((part) => {
    const known = ids[/^\{(.+)\}$/.exec(part)?.[1]?.toLowerCase() ?? ''];
    if (known !== undefined) return fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...known) }, segment);
    return fc.oneof({ weight: 30, arbitrary: fc.constant(part) }, segment);
  });
  // The leading slash stays; without it there is no request target.
  return fc.tuple(...parts.slice(1)).map((list) => `/${list.join('/')}`);
}

/** No two labels are alike, so that nothing makes it short. */
const LONG_HOST = Array.from({ length: 2_000 }, (_, index) => (index * index * 7_919).toString(36)).join('.');

/** Values that no input expects, in the places where one stands. */
const oddValue = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(
    ...[null, '', [], {}, -0, 1e308, 2 ** 53, 'a\u0000b', 'a\ud800b', 'x'.repeat(100_000), true],
    ...[{ value: null }, { value: { value: {} } }, { value: 1, mediaType: 5 }, { value: '!', encoding: 'base64' }],
    ...[{ href: 'http://127.0.0.1:9/x' }, { href: 'file:///etc/passwd' }, { href: 5 }, { href: 'http://[::1' }],
    ...[{ bbox: [1, 2, 3] }, { bbox: 'x' }, { bbox: [1, 2, 3, 4], crs: 'x' }, { collection: 'x' }, { process: 'x' }],
    ...[`http://${LONG_HOST}/x`, `http://127.0.0.1:9/${'x'.repeat(5_000)}`],
    ...[{ successUri: `http://${LONG_HOST}/s`, inProgressUri: `http://${'ü.'.repeat(300)}example/` }],
    { type: 'Polygon', coordinates: [[[0, 0]]] },
    { type: 'GeometryCollection', geometries: [{ type: 'Point', coordinates: [] }] },
  ),
);

/** Numbers that JSON can write and nothing can hold, or only just. */
const NUMBER_LITERALS = [
  '1e400',
  '-1e400',
  '1E309',
  '9'.repeat(400),
  '1e308',
  '-0',
  '5e-324',
  '1e-400',
  `0.${'0'.repeat(400)}1`,
];

/** JSON text of a document, in which any of its numbers may be written in a way that `JSON.stringify` never would. */
export function withRawNumbers(document: unknown): fc.Arbitrary<string> {
  const text = JSON.stringify(document) ?? '';
  const numbers = [...text.matchAll(/(?<=[[:,])-?\d[\d.eE+-]*(?=[\],}])/g)];
  if (numbers.length === 0) return fc.constant(text);
  const replaced = fc.tuple(fc.constantFrom(...numbers), fc.constantFrom(...NUMBER_LITERALS));
  return fc.option(replaced, { nil: undefined, freq: 1 }).map((change) => {
    if (change === undefined) return text;
    const [{ 0: number, index }, literal] = change;
    return text.slice(0, index) + literal + text.slice(index + number.length);
  });
}

/** A JSON document with some of its nodes, or none, replaced, removed, wrapped or added to. */
export function mutated(document: unknown): fc.Arbitrary<unknown> {
  const step = fc.tuple(fc.nat(200), fc.constantFrom('replace', 'remove', 'wrap', 'add'), oddValue, anyText);
  return fc.array(step, { maxLength: 3 }).map((steps) => {
    const copy = { root: structuredClone(document) };
    for (const [position, change, odd, name] of steps) {
      const value = structuredClone(odd);
      const places = placesIn(copy);
      const [parent, key] = places[position % places.length];
      if (change === 'remove' && parent !== copy) delete parent[key];
      else if (change === 'wrap') parent[key] = [parent[key]];
      else if (change === 'add' && typeof parent[key] === 'object' && parent[key] !== null) {
        Object.defineProperty(parent[key], name, { value, enumerable: true, configurable: true, writable: true });
      } else parent[key] = value;
    }
    return copy.root;
  });
}

type Parent = Record<string, unknown>;

function placesIn(parent: object): [Parent, string][] {
  return Object.entries(parent).flatMap(([key, value]): [Parent, string][] => [
    [parent as Parent, key],
    ...(typeof value === 'object' && value !== null ? placesIn(value as object) : []),
  ]);
}
