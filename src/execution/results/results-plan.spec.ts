import { describe, expect, it } from '@jest/globals';
import { LocalBytes } from '../../jobs/files/stored-bytes.js';
import { DomainError } from '../../ogc/problems/domain-error.js';
import type { OutputDescription } from '../../processes/process-description.js';
import type { ExecuteRequest } from '../execute-request.js';
import type { ResultOutput } from './result-output.js';
import { planResults, requireAcceptable, type ResultsQuestion } from './results-plan.js';

const DESCRIBED: Record<string, OutputDescription> = {
  a: { schema: { type: 'string' } },
  b: { schema: { type: 'object' } },
  c: { schema: { type: 'string', contentMediaType: 'application/xml' } },
};
const PRODUCED: ResultOutput[] = [
  { id: 'a', kind: 'value', value: 'x', mediaType: 'application/json' },
  { id: 'b', kind: 'value', value: {}, mediaType: 'application/json' },
  { id: 'c', kind: 'value', value: '<x/>', mediaType: 'application/xml' },
];
const urlOf = ({ id }: ResultOutput): string => `http://host/jobs/1/results/${id}`;

type Request = ExecuteRequest['outputs'];
const value = (...ids: string[]): Request => ids.map((id) => ({ id, transmissionMode: 'value' as const }));
const reference = (...ids: string[]): Request => ids.map((id) => ({ id, transmissionMode: 'reference' as const }));
const open = (...ids: string[]): Request => ids.map((id) => ({ id }));

function plan(request: Partial<ResultsQuestion['request']>, more: Partial<ResultsQuestion> = {}) {
  const question: ResultsQuestion['request'] = { response: 'raw', dialect: '1.0', ...request };
  return planResults({
    produced: PRODUCED,
    described: DESCRIBED,
    request: question,
    urlOf,
    source: 'execution',
    ...more,
  });
}

const RAW: ResultsQuestion['request'] = { response: 'raw', dialect: '1.0', outputs: open('a', 'b') };

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof DomainError) return error.code;
    throw error;
  }
  return undefined;
}

/** A file of one of the types that its description has. */
const NETCDF: ResultOutput = {
  id: 'f',
  kind: 'file',
  bytes: new LocalBytes('/x'),
  size: 1,
  sha256: '',
  mediaType: 'application/x-netcdf',
};

describe('several raw outputs of 1.0', () => {
  it.each([undefined, 'multipart/related', 'multipart/*', 'application/json', '*/*', 'image/png, */*;q=0.1'])(
    'are multipart for Accept: %s',
    (accept) => {
      for (const source of ['execution', 'job'] as const) {
        expect(plan({ outputs: open('a', 'b') }, { accept, source }).form).toBe('multipart');
      }
      expect(codeOf(() => requireAcceptable(RAW, { outputs: DESCRIBED }, accept))).toBeUndefined();
    },
  );

  it.each(['image/png', 'text/html', 'multipart/mixed', 'application/json;q=0'])(
    'are none for Accept: %s',
    (accept) => {
      expect(codeOf(() => plan({ outputs: open('a', 'b') }, { accept }))).toBe('not-acceptable');
      expect(codeOf(() => requireAcceptable(RAW, { outputs: DESCRIBED }, accept))).toBe('not-acceptable');
    },
  );
});

describe('the response matrix of 1.0 (18-062r2 table 11)', () => {
  it.each([
    ['process-execute-sync-raw-value-one', 'raw', value('a'), 'bare'],
    ['process-execute-sync-raw-value-multi', 'raw', value('a', 'b'), 'multipart'],
    ['process-execute-sync-raw-ref', 'raw', reference('a'), 'links'],
    ['process-execute-sync-raw-ref', 'raw', reference('a', 'b'), 'links'],
    ['process-execute-sync-raw-mixed-multi', 'raw', [...value('a')!, ...reference('b')!], 'multipart'],
    ['process-execute-default-outputs', 'raw', undefined, 'multipart'],
    ['process-execute-sync-raw-value-one, mode left open', 'raw', open('a'), 'bare'],
    ['process-execute-sync-document', 'document', value('a'), 'document'],
    ['process-execute-sync-document', 'document', reference('a', 'b'), 'document'],
    ['process-execute-sync-document', 'document', undefined, 'document'],
  ] as const)('/req/core/%s: %s, %j -> %s', (_, response, outputs, form) => {
    for (const source of ['execution', 'job'] as const) expect(plan({ response, outputs }, { source }).form).toBe(form);
  });

  it('sends by value what no job keeps', () => {
    expect(plan({ outputs: reference('a') }, { urlOf: undefined }).form).toBe('bare');
    const mixed = plan({ outputs: reference('a', 'b') }, { urlOf: undefined });
    expect(mixed).toMatchObject({ form: 'multipart', outputs: [{ transmission: 'value' }, { transmission: 'value' }] });
  });

  it('sends several raw outputs as multipart/related whatever Accept says', () => {
    expect(plan({ outputs: value('a', 'b') }, { accept: 'application/json' }).form).toBe('multipart');
  });

  it('does not mark a document with a profile', () => {
    expect(plan({ response: 'document' })).toMatchObject({ profile: false });
  });
});

describe('the response matrix of 2.0', () => {
  it.each([
    ['process-execute-sync-one', open('a'), undefined, undefined, 'bare'],
    ['process-execute-sync-one', open('a'), 'text/plain', undefined, 'bare'],
    ['process-execute-sync-one-result', open('a'), 'application/json', 'ogc-results', 'document'],
    [
      'process-execute-sync-one-result',
      open('a'),
      'application/json;profile="https://www.opengis.net/def/profile/OGC/0/ogc-results"',
      undefined,
      'document',
    ],
    ['process-execute-sync-one, profile of another type', open('c'), 'application/xml', 'ogc-results', 'bare'],
    ['process-execute-sync-many-json', open('a', 'b'), undefined, undefined, 'document'],
    ['process-execute-sync-many-json', open('a', 'b'), '*/*', undefined, 'document'],
    ['process-execute-sync-many-json', open('a', 'b'), 'application/json', undefined, 'document'],
    ['process-execute-success-sync-outputs-omitted', undefined, undefined, undefined, 'document'],
    ['process-execute-multiple-output-pkg', open('a', 'b'), 'multipart/related', undefined, 'multipart'],
    [
      'process-execute-multiple-output-pkg',
      open('a', 'b'),
      'multipart/*, application/json;q=0.5',
      undefined,
      'multipart',
    ],
    ['process-execute-success-sync-empty-outputs', [], undefined, undefined, 'empty'],
  ] as const)('/req/core/%s: %j, Accept %s, profile %s -> %s', (_, outputs, accept, profile, form) => {
    expect(plan({ dialect: '2.0', outputs }, { accept, profile }).form).toBe(form);
  });

  it('marks a document with its profile', () => {
    expect(plan({ dialect: '2.0' })).toMatchObject({ profile: true });
  });

  it.each([
    [undefined, 'size'],
    ['minimal', 'size'],
    ['representation', 'value'],
  ] as const)('lets size decide with return=%s: %s', (returnPreference, transmission) => {
    expect(plan({ dialect: '2.0', outputs: open('a', 'b') }, { returnPreference })).toMatchObject({
      outputs: [{ transmission }, { transmission }],
    });
  });

  it('answers 406 when several outputs fit no accepted type (/per/core/process-execute-sync-many-other-formats)', () => {
    expect(codeOf(() => plan({ dialect: '2.0' }, { accept: 'application/zip' }))).toBe('not-acceptable');
  });
});

describe('what is not there', () => {
  it('goes by the requested outputs, not by the produced ones', () => {
    const produced = PRODUCED.slice(0, 1);
    expect(plan({}, { produced })).toMatchObject({ form: 'multipart', outputs: [{ output: { id: 'a' } }] });
    expect(plan({ dialect: '2.0' }, { produced })).toMatchObject({
      form: 'document',
      outputs: [{ output: { id: 'a' } }],
    });
  });

  it('answers with nothing when the requested outputs were not produced, at once and later', () => {
    for (const request of [{ outputs: value('b') }, { dialect: '2.0', outputs: [{ id: 'b' }] }] as const) {
      for (const source of ['execution', 'job'] as const) {
        expect(plan(request, { produced: PRODUCED.slice(0, 1), source }).form).toBe('empty');
      }
    }
  });

  it('answers outputs {} with nothing at once, later with result-not-available (/req/core/process-execute-success-async-outputs-empty)', () => {
    const request = { dialect: '2.0', outputs: [] } as const;
    expect(plan(request).form).toBe('empty');
    expect(codeOf((): unknown => plan(request, { source: 'job' }))).toBe('result-not-available');
  });
});

describe('the format of an output', () => {
  const formatOf = (id: string, mediaType?: string, accept?: string): string | undefined => {
    const planned = plan({ outputs: [{ id, mediaType }] }, { accept });
    return planned.form === 'bare' ? planned.output.format.mediaType : undefined;
  };

  it.each([
    ['a', undefined, undefined, 'application/json'],
    ['a', 'text/plain', undefined, 'text/plain'],
    ['a', undefined, 'text/plain', 'text/plain'],
    ['b', 'application/geo+json', undefined, 'application/json'],
    ['c', undefined, undefined, 'application/xml'],
    ['c', undefined, 'text/html, application/xml;q=0.9, */*;q=0.8', 'application/xml'],
    ['c', undefined, 'application/xml; charset=utf-8', 'application/xml'],
    ['c', undefined, 'application/json', 'application/json'],
    ['c', 'text/xml', 'image/png', 'application/xml'],
  ])('of %s with format %s and Accept %s is %s', (id, mediaType, accept, expected) => {
    expect(formatOf(id, mediaType, accept)).toBe(expected);
  });

  it.each([
    ['b', 'image/png'],
    ['c', 'text/plain'],
  ])('of %s with Accept %s is 406, and known to be before the execution', (id, accept) => {
    expect(codeOf(() => formatOf(id, undefined, accept))).toBe('not-acceptable');
    const request = { outputs: [{ id }], response: 'raw', dialect: '1.0' } as const;
    expect(codeOf(() => requireAcceptable(request, { outputs: DESCRIBED }, accept))).toBe('not-acceptable');
  });

  it.each([
    ['a media type', { mediaType: 'image/png' }],
    ['an encoding other than base64', { encoding: 'gzip' }],
    ['a schema', { schema: { type: 'boolean' } }],
    ['the URL of an unknown schema', { schema: 'http://a.example/none' }],
  ])('with %s that it does not have is 406 before the execution', (_, format) => {
    const request = { outputs: [{ id: 'a', ...format }], response: 'raw', dialect: '1.0' } as const;
    expect(codeOf(() => requireAcceptable(request, { outputs: DESCRIBED }))).toBe('not-acceptable');
  });

  it('may name the schema of the output', () => {
    const request = {
      outputs: [{ id: 'a', schema: { ...DESCRIBED.a.schema } }],
      response: 'raw',
      dialect: '1.0',
    } as const;
    expect(codeOf(() => requireAcceptable(request, { outputs: DESCRIBED }))).toBeUndefined();
    expect(plan(request).form).toBe('bare');
  });

  it('of a file is what its process made of it', () => {
    const described = { f: { schema: { type: 'string', contentEncoding: 'binary' } } } as const;
    const ask = (accept: string) => () => plan({ outputs: open('f') }, { produced: [NETCDF], described, accept });
    expect(ask('application/x-netcdf')()).toMatchObject({ output: { format: { mediaType: 'application/x-netcdf' } } });
    expect(codeOf(ask('application/zip'))).toBe('not-acceptable');
    const request = { response: 'raw', dialect: '1.0' } as const;
    expect(codeOf(() => requireAcceptable(request, { outputs: described }, 'application/zip'))).toBeUndefined();
  });

  describe('that the request names, the description offers, and the run did not make', () => {
    const binary = (contentMediaType: string) => ({ type: 'string', contentEncoding: 'base64', contentMediaType });
    const described = {
      f: { schema: { oneOf: [binary('application/x-netcdf'), binary('application/zip')] } },
    } as Record<string, OutputDescription>;
    const named = { outputs: [{ id: 'f', mediaType: 'application/zip' }] } as const;
    const ask = (request: Partial<ResultsQuestion['request']>, more: Partial<ResultsQuestion>) =>
      plan(request, { produced: [NETCDF], described, ...more });
    const bare = { form: 'bare', output: { format: { mediaType: 'application/x-netcdf', writing: 'file' } } };

    it('is no 406 of the execution, whatever its Accept: the output is what it is', () => {
      for (const accept of [undefined, '*/*', 'application/zip', 'application/json']) {
        const request = { ...named, response: 'raw', dialect: '1.0' } as const;
        expect(codeOf(() => requireAcceptable(request, { outputs: described }, accept))).toBeUndefined();
        expect(ask(named, { accept })).toMatchObject(bare);
      }
    });

    it('leaves the results of the job to the Accept of whoever reads them', () => {
      for (const accept of [undefined, '*/*', 'application/x-netcdf', 'application/zip, */*;q=0.1']) {
        expect(ask(named, { accept, source: 'job' })).toMatchObject(bare);
      }
      expect(codeOf(() => ask(named, { accept: 'application/zip', source: 'job' }))).toBe('not-acceptable');
    });

    it('refuses neither a document nor a body of several parts', () => {
      const planned = { outputs: [{ format: { mediaType: 'application/x-netcdf' } }] };
      for (const source of ['execution', 'job'] as const) {
        expect(ask({ ...named, response: 'document' }, { source })).toMatchObject(planned);
        expect(ask({ ...named, dialect: '2.0' }, { source, profile: 'ogc-results' })).toMatchObject(planned);
        const several = { outputs: [...named.outputs, { id: 'a' }] };
        const more = { source, described: { ...described, ...DESCRIBED } };
        expect(ask(several, more)).toMatchObject({ form: 'multipart', ...planned });
      }
    });
  });

  it('goes by the whole description when that no longer has the schema that the request named', () => {
    const outputs = [{ id: 'a', schema: 'http://a.example/gone' }];
    expect(plan({ outputs }, { source: 'job' })).toMatchObject({
      form: 'bare',
      output: { schema: DESCRIBED.a.schema },
    });
  });
});
