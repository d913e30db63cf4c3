import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DomainError } from '../ogc/problems/domain-error.js';
import type { ProcessDescription } from '../processes/process-description.js';
import { parseExecuteRequest } from './execute-request.parser.js';

const PROCESS: ProcessDescription = {
  id: 'sample',
  version: '1.0.0',
  jobControlOptions: ['sync-execute'],
  outputTransmission: ['value'],
  inputs: {},
  outputs: { one: { schema: { type: 'string' } }, 'a/b': { schema: { type: 'number' } } },
};
const BY_REFERENCE: ProcessDescription = { ...PROCESS, outputTransmission: ['value', 'reference'] };

function violationsOf(body: unknown): Record<string, string> {
  try {
    parseExecuteRequest(body, PROCESS);
  } catch (error) {
    if (error instanceof DomainError && error.code === 'invalid-parameter') {
      return Object.fromEntries(error.errors!.map(({ pointer, detail }) => [pointer, detail]));
    }
    throw error;
  }
  return {};
}

describe(parseExecuteRequest.name, () => {
  it('fills in what 1.0 leaves to defaults: all outputs, raw', () => {
    expect(parseExecuteRequest({ inputs: { name: 'Ada' } }, PROCESS)).toEqual({
      inputs: { name: 'Ada' },
      outputs: undefined,
      response: 'raw',
      dialect: '1.0',
      subscriber: undefined,
    });
  });

  it.each([
    ['response', { response: 'raw' }, '2.0', '1.0'],
    ['a transmissionMode', { outputs: { one: { transmissionMode: 'value' } } }, '2.0', '1.0'],
    ['empty outputs', { outputs: {} }, '1.0', '2.0'],
    ['empty outputs beside response', { outputs: {}, response: 'document' }, '2.0', '1.0'],
    ['nothing that tells', { outputs: { one: {} } }, '2.0', '2.0'],
    ['nothing that tells', {}, '1.0', '1.0'],
  ] as const)('takes %s (%j) with the default %s for %s', (_, body, standard, dialect) => {
    expect(parseExecuteRequest(body, PROCESS, standard).dialect).toBe(dialect);
  });

  it('reads empty outputs as none in 2.0 (/req/core/process-execute-empty-outputs), as all beside response', () => {
    expect(parseExecuteRequest({ outputs: {} }, PROCESS).outputs).toEqual([]);
    expect(parseExecuteRequest({ outputs: {}, response: 'document' }, PROCESS).outputs).toBeUndefined();
  });

  it('reads output selections', () => {
    const outputs = {
      one: { format: { mediaType: 'text/plain', encoding: 'utf-8', schema: {} }, transmissionMode: 'reference' },
      'a/b': {},
    };
    expect(parseExecuteRequest({ outputs }, BY_REFERENCE).outputs).toEqual([
      { id: 'one', mediaType: 'text/plain', encoding: 'utf-8', schema: {}, transmissionMode: 'reference' },
      { id: 'a/b' },
    ]);
  });

  it('takes no subscriber URL that carries a password: nobody would be called', () => {
    const subscriber = { successUri: 'https://user:secret@example.org/done' };
    expect(() => parseExecuteRequest({ subscriber }, PROCESS)).toThrow('The execute request is not valid.');
  });

  it('reads subscribers without insisting on any member', () => {
    const subscriber = { failedUri: 'https://example.org/failed' };
    expect(parseExecuteRequest({ subscriber }, PROCESS).subscriber).toEqual(subscriber);
  });

  it('ignores members it has no use for, and a missing body', () => {
    expect(parseExecuteRequest({ process: 'https://example.org/p', links: 7 }, PROCESS).inputs).toEqual({});
    expect(parseExecuteRequest(undefined, PROCESS).inputs).toEqual({});
  });

  it('names every violation at once, with JSON pointers', () => {
    const body = {
      inputs: [],
      outputs: {
        'a/b': { format: { mediaType: 7, encoding: [], schema: 1 } },
        one: { transmissionMode: 'reference' },
        two: {},
        constructor: 'x',
      },
      response: 'raww',
      subscriber: { successUri: 'ftp://example.org', inProgressUri: 7, failedUri: '/relative' },
    };
    expect(Object.keys(violationsOf(body)).sort()).toEqual([
      '/inputs',
      '/outputs/a~1b/format/encoding',
      '/outputs/a~1b/format/mediaType',
      '/outputs/a~1b/format/schema',
      '/outputs/constructor',
      '/outputs/one/transmissionMode',
      '/outputs/two',
      '/response',
      '/subscriber/failedUri',
      '/subscriber/inProgressUri',
      '/subscriber/successUri',
    ]);
  });

  it.each([
    ['a host of 254 characters', `http://${'a.'.repeat(126)}aa/`],
    ['a host that is too long once it is encoded', `http://${'ü'.repeat(60)}.${'ö.'.repeat(60)}example/`],
    ['a URL of more than 2048 characters', `http://a.example/${'x'.repeat(2_048)}`],
    ['a URL that is too long once it is encoded', `http://a.example/${'ü'.repeat(400)}`],
  ])('refuses to call back %s', (_, successUri) => {
    expect(Object.keys(violationsOf({ subscriber: { successUri } }))).toEqual(['/subscriber/successUri']);
  });

  it('calls back the longest host and the longest URL', () => {
    const host = `${'a.'.repeat(126)}a`;
    const successUri = `http://${host}/`.padEnd(2_048, 'x');
    expect(violationsOf({ subscriber: { successUri } })).toEqual({});
  });

  it.each([7, 'text', [], true])('refuses the body %j', (body) => {
    expect(violationsOf(body)).toEqual({ '': 'must be an object' });
  });

  it('throws nothing but DomainError, whatever JSON comes', () => {
    const member = fc.constantFrom('inputs', 'outputs', 'response', 'subscriber', 'one', 'format', 'transmissionMode');
    const body = fc.letrec((tie) => ({
      node: fc.oneof({ maxDepth: 5 }, fc.jsonValue(), fc.dictionary(member, tie('node'))),
    })).node;
    fc.assert(
      fc.property(body, (value) => {
        violationsOf(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('names unknown outputs one by one, but not without end', () => {
    const outputs = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`x${index}`, {}]));
    expect(Object.keys(violationsOf({ outputs: outputs(50) }))).toHaveLength(50);
    expect(violationsOf({ outputs: outputs(200), inputs: outputs(200) })).toEqual({
      '/inputs': 'has more members than the process sample has inputs',
      '/outputs': 'has more members than the process sample has outputs',
    });
  });
});
