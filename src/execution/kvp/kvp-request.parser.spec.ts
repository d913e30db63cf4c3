import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DomainError } from '../../ogc/problems/domain-error.js';
import type { InputDescription, OgcSchema, ProcessDescription } from '../../processes/process-description.js';
import { parseExecuteRequest } from '../execute-request.parser.js';
import { parseKvpRequest } from './kvp-request.parser.js';

const BBOX: OgcSchema = { allOf: [{ format: 'ogc-bbox' }, { type: 'object' }] };
const one = (schema: OgcSchema): InputDescription => ({ schema });
const many = (schema: OgcSchema): InputDescription => ({ schema, maxOccurs: 'unbounded' });

const PROCESS = {
  id: 'sample',
  outputTransmission: ['value', 'reference'],
  inputs: {
    text: one({ type: 'string' }),
    count: one({ type: 'integer' }),
    ratio: one({ type: 'number' }),
    flag: one({ type: 'boolean' }),
    object: one({ type: 'object' }),
    numbers: one({ type: 'array', items: { type: 'number' } }),
    bytes: one({ type: 'string', contentEncoding: 'base64' }),
    mixed: one({ oneOf: [{ type: 'string', contentMediaType: 'text/csv' }, { type: 'object' }] }),
    anything: one({}),
    either: one({ oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] }),
    box: one(BBOX),
    words: many({ type: 'string' }),
    counts: many({ type: 'integer' }),
    objects: many({ type: 'object' }),
    boxes: many(BBOX),
    images: many({ type: 'string', contentEncoding: 'base64' }),
    response: one({ type: 'string' }),
    profile: one({ type: 'string' }),
    case: one({ type: 'string' }),
    CASE: one({ type: 'string' }),
    echo: one({ type: 'string' }),
    'odd[id]': one({ type: 'string' }),
  },
  outputs: {
    result: { schema: { type: 'string' } },
    second: { schema: { type: 'string' } },
    echo: { schema: { type: 'string' } },
  },
} as unknown as ProcessDescription;

const inputsOf = (query: string): Record<string, unknown> => parseKvpRequest(query, PROCESS).body.inputs;
const outputsOf = (query: string): unknown => parseKvpRequest(query, PROCESS).body.outputs;
const failure = (query: string): DomainError => {
  try {
    parseKvpRequest(query, PROCESS);
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error(`${query} was taken`);
};

describe(parseKvpRequest.name, () => {
  it.each<[requirement: string, query: string, inputs: Record<string, unknown>]>([
    ['string-input-value', 'text=a,b%20c+d%2Be', { text: 'a,b c d+e' }],
    ['string-input-value', 'text=5', { text: '5' }],
    ['string-input-value', 'text', { text: '' }],
    ['numeric-input-value', 'count=-3&ratio=2.5e3', { count: -3, ratio: 2500 }],
    ['numeric-input-value', 'count=many', { count: 'many' }],
    ['boolean-input-value', 'flag=true', { flag: true }],
    ['boolean-input-value', 'flag=TRUE', { flag: 'TRUE' }],
    ['complex-input-value', 'object=%7B%22href%22%3A%22x%22%7D', { object: { value: { href: 'x' } } }],
    ['complex-input-value', 'object={"a":1,"b":[2,3]}', { object: { value: { a: 1, b: [2, 3] } } }],
    ['complex-input-value', 'object={broken', { object: '{broken' }],
    ['complex-input-value', 'mixed=a;b', { mixed: 'a;b' }],
    ['complex-input-value', 'mixed={"a":1}', { mixed: { value: { a: 1 } } }],
    ['complex-input-value', 'anything=1&text=x', { anything: 1, text: 'x' }],
    ['array-input-value', 'numbers=%5B1%2C2%5D', { numbers: [1, 2] }],
    ['array-input-value', 'numbers=1,2.5,x', { numbers: [1, 2.5, 'x'] }],
    ['array-input-value', 'numbers=1', { numbers: [1] }],
    ['array-input-value', 'either=5', { either: '5' }],
    ['array-input-value', 'numbers={"a":1}', { numbers: '{"a":1}' }],
    ['binary-input-value', 'bytes=ab+/', { bytes: 'ab+/' }],
    [
      'binary-input-value-qualified',
      'bytes[value]=ab+/&bytes[mediaType]=image/svg+xml&bytes[encoding]=base64&bytes[schema]=http://x',
      { bytes: { value: 'ab+/', mediaType: 'image/svg+xml', encoding: 'base64', schema: 'http://x' } },
    ],
    [
      'binary-input-value-qualified',
      'mixed[value]={"a":1}&mixed[mediaType]=text/csv',
      { mixed: { value: '{"a":1}', mediaType: 'text/csv' } },
    ],
    ['bbox-input-value', 'box=1,2,3,4', { box: { bbox: [1, 2, 3, 4] } }],
    ['bbox-input-value', 'box=1,2,3,4,5,6', { box: { bbox: [1, 2, 3, 4, 5, 6] } }],
    ['bbox-input-value', 'box=1,,3', { box: { bbox: [1, '', 3] } }],
    ['bbox-input-value', 'boxes=1,2,3,4', { boxes: [{ bbox: [1, 2, 3, 4] }] }],
    [
      'bbox-input-value',
      'boxes=1%2C2%2C3%2C4,5%2C6%2C7%2C8',
      { boxes: [{ bbox: [1, 2, 3, 4] }, { bbox: [5, 6, 7, 8] }] },
    ],
    ['bbox-crs-input-value', 'box=1,2,3,4&box[crs]=urn:x', { box: { bbox: [1, 2, 3, 4], crs: 'urn:x' } }],
    ['input-cardinality', 'words=a,b%2Cc,', { words: ['a', 'b,c', ''] }],
    ['input-cardinality', 'words=a&words=b,c', { words: ['a', 'b', 'c'] }],
    ['input-cardinality', 'counts=1,2', { counts: [1, 2] }],
    [
      'input-cardinality',
      'objects={"a":[1,2]},{"b":"}"}',
      { objects: [{ value: { a: [1, 2] } }, { value: { b: '}' } }] },
    ],
    ['input-cardinality', 'objects={"a":[1,2]', { objects: ['{"a":[1', '2]'] }],
    [
      'input-by-reference',
      'text[href]=http://x/y&text[type]=text/plain',
      { text: { href: 'http://x/y', type: 'text/plain' } },
    ],
    [
      'input-by-reference',
      `images=${encodeURIComponent('{"href":"http://x","type":"image/png"}')},abcd`,
      { images: [{ href: 'http://x', type: 'image/png' }, 'abcd'] },
    ],
    ['input-query-parameters', 'TEXT=a&Count=1', { text: 'a', count: 1 }],
    ['input-query-parameters', 'case=a&CASE=b', { case: 'a', CASE: 'b' }],
    ['input-query-parameters', 'odd[id]=x', { 'odd[id]': 'x' }],
  ])('/req/kvp-execute/%s: %s', (_, query, inputs) => {
    expect(inputsOf(query)).toEqual(inputs);
  });

  it.each<[query: string, outputs: unknown]>([
    ['', undefined],
    ['result[include]=true', { result: {} }],
    ['RESULT[INCLUDE]=true', { result: {} }],
    [
      'result[include]=true&result[mediaType]=application/geo+json',
      { result: { format: { mediaType: 'application/geo+json' } } },
    ],
    ['result[mediaType]=text/plain', { result: { format: { mediaType: 'text/plain' } } }],
    ['result[include]=false', { second: {}, echo: {} }],
    ['result[include]=false&second[include]=true', { second: {} }],
    ['result[include]=false&second[include]=false&echo[include]=false', {}],
  ])('/req/kvp-execute/output: %s', (query, outputs) => {
    expect(outputsOf(query)).toEqual(outputs);
  });

  it('/req/kvp-execute/f-response and prefer-response: response[f] and response[prefer] are apart from an input "response"', () => {
    expect(
      parseKvpRequest('response=x&response[f]=application/geo+json&response[prefer]=respond-async', PROCESS),
    ).toEqual({
      body: { inputs: { response: 'x' } },
      accept: 'application/geo+json',
      prefer: 'respond-async',
      profile: undefined,
      validate: undefined,
    });
    expect(parseKvpRequest('response[f]=json', PROCESS).accept).toBe('application/json');
  });

  it('gives an input the name of one of our parameters, if it has it', () => {
    expect(parseKvpRequest('profile=a&validate=true', PROCESS)).toMatchObject({
      body: { inputs: { profile: 'a' } },
      profile: undefined,
      validate: 'true',
    });
  });

  it('tells an input and an output of one id apart', () => {
    expect(parseKvpRequest('echo=a&echo[include]=true&echo[mediaType]=text/plain', PROCESS).body).toEqual({
      inputs: { echo: 'a' },
      outputs: { echo: { format: { mediaType: 'text/plain' } } },
    });
    expect(parseKvpRequest('echo[value]=a&echo[include]=true&echo[mediaType]=text/plain', PROCESS).body).toEqual({
      inputs: { echo: { value: 'a', mediaType: 'text/plain' } },
      outputs: { echo: {} },
    });
  });

  it.each([
    ['text=%zz', /percent-encoding/],
    ['nothing=1', /^nothing is not known; the process has the inputs text, /],
    ['text[colour]=red', /not known/],
    ['text=a&text=b', /more than once/],
    ['text[href]=a&text[href]=b', /more than once/],
    ['response[f]=a/b&response[f]=a/b', /more than once/],
    ['text=a&text[href]=b', /both/],
    ['text[mediaType]=text/plain', /no value/],
    ['text=a&text[type]=b', /belongs to/],
    ['text=a&text[crs]=b', /bounding boxes/],
    ['cAsE=a', /could be case or CASE/],
    ['result=a', /result\[include\]=true/],
    ['result[include]=maybe', /true or false/],
    ['response[f]=pdf', /media type/],
    ['object={"__proto__":{}}', /__proto__/],
  ])('refuses %s', (query, message) => {
    expect(failure(query)).toMatchObject({ code: 'invalid-query-parameter', message: expect.stringMatching(message) });
  });

  it('leaves a number too large to be read as text, which no number input takes', () => {
    for (const query of ['ratio=1e400', 'box=1,2,3,1e400', 'object={"a":1e400}']) {
      expect(JSON.stringify(parseKvpRequest(query, PROCESS).body)).toContain('1e400');
    }
  });

  it('makes an execute request of any query, or says what is wrong with it, and never anything else', () => {
    const names = Object.keys({ ...PROCESS.inputs, ...PROCESS.outputs });
    const word = fc.constantFrom(
      ...names,
      'response',
      'validate',
      'f',
      'prefer',
      'href',
      'include',
      '__proto__',
      'true',
    );
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.jsonValue().map((json) => encodeURIComponent(JSON.stringify(json))),
      fc.constantFrom('true', '{', '[1,"', '%', '1,2,3,4', '{"href":"x"}', '"', '%00', '%ud800'),
    );
    const member = fc.oneof(
      fc.constant(''),
      fc
        .constantFrom('href', 'type', 'value', 'mediaType', 'encoding', 'include', 'crs', 'f')
        .map((name) => `[${name}]`),
      fc.string().map((name) => `[${name}]`),
    );
    const pair = fc
      .tuple(fc.oneof(word, fc.string()), member, value)
      .map(([name, part, text]) => `${name}${part}=${text}`);
    const query = fc.oneof(
      fc.array(pair, { maxLength: 6 }).map((pairs) => pairs.join('&')),
      fc.string(),
    );
    let taken = 0;
    fc.assert(
      fc.property(query, (text) => {
        try {
          parseExecuteRequest(parseKvpRequest(text, PROCESS).body, PROCESS, '2.0');
          taken += 1;
        } catch (error) {
          expect(error).toBeInstanceOf(DomainError);
        }
      }),
      { numRuns: 2_000 },
    );
    expect(taken).toBeGreaterThan(100);
  });
});
