import { describe, expect, it } from '@jest/globals';
import type { InputDescription } from '../../processes/process-description.js';
import type { ProcessPolicy, RegisteredProcess } from '../../processes/registered-process.js';
import { PlainProcess } from './plain-process.js';

const text: InputDescription = { schema: { type: 'string' } };
const INPUTS: Record<string, InputDescription> = {
  text,
  words: { ...text, maxOccurs: 'unbounded' },
  object: { schema: { type: 'object' } },
  image: { schema: { type: 'string', contentEncoding: 'base64', contentMediaType: 'image/png' } },
};

function plain(policy: Partial<ProcessPolicy> = {}, jobControlOptions = ['sync-execute', 'async-execute']) {
  const description = { id: 'plain', inputs: INPUTS, outputs: {}, jobControlOptions };
  const process = { description, policy: { isolation: 'inline', syncJobs: false, ...policy } };
  return PlainProcess.of(process as unknown as RegisteredProcess, '1.0');
}

describe('PlainProcess.of', () => {
  it.each<[string, Partial<ProcessPolicy>]>([
    ['runs in an executor', { isolation: 'child' }],
    ['leaves jobs', { syncJobs: true }],
    ['remembers results', { cache: {} as ProcessPolicy['cache'] }],
    ['is limited in number', { concurrency: {} as ProcessPolicy['concurrency'] }],
  ])('is nothing for a process that %s', (_, policy) => {
    expect(plain(policy)).toBeUndefined();
  });

  it('is nothing for a process whose inputs may refer to blocks', () => {
    const { process } = plain()!;
    const blockInputs = new Map([['text', ['secret']]]);
    expect(PlainProcess.of({ ...process, blockInputs }, '1.0')).toBeUndefined();
  });

  it('is nothing for a process that can be executed as a job only', () => {
    expect(plain({}, ['async-execute'])).toBeUndefined();
    expect(plain({}, ['sync-execute'])).toBeDefined();
  });
});

describe('PlainProcess.inputsOf', () => {
  const read = (body: unknown) => plain()?.inputsOf(body);

  it('takes the values as they are, in an object of its own', () => {
    const inputs = { text: 'a', object: { any: [1] } };
    expect(read({ inputs })).toEqual(inputs);
    expect(read({ inputs })).not.toBe(inputs);
    expect(read({ inputs: {} })).toEqual({});
  });

  it('makes a list of an input that may occur more than once', () => {
    expect(read({ inputs: { words: 'a' } })).toEqual({ words: ['a'] });
    expect(read({ inputs: { words: ['a', 'b'] } })).toEqual({ words: ['a', 'b'] });
  });

  it.each<[string, unknown]>([
    ['no object', []],
    ['no inputs', {}],
    ['inputs that are no object', { inputs: ['a'] }],
    ['another member', { inputs: {}, outputs: {} }],
    ['only inherited inputs', Object.create({ inputs: {} })],
    ['an unknown input', { inputs: { txt: 'a' } }],
    ['an input named like what every object has', { inputs: { constructor: 'a' } }],
    ['an input that may be binary', { inputs: { image: 'AAAA' } }],
    ['a qualified value', { inputs: { text: { value: 'a' } } }],
    ['a reference', { inputs: { object: { href: 'https://example.org' } } }],
    ['a reference in a list', { inputs: { words: ['a', { href: 'https://example.org' }] } }],
  ])('leaves %s to the controller', (_, body) => {
    expect(read(body)).toBeUndefined();
  });
});
