import { describe, expect, it } from '@jest/globals';
import type { RegisteredProcess } from '../../processes/registered-process.js';
import { describedOutputs } from './requested-output.js';
import type { ResultOutput } from './result-output.js';

const value = (id: string): ResultOutput => ({ id, kind: 'value', value: 1, mediaType: 'application/json' });
const outputs = { a: { schema: { type: 'integer' } }, b: { schema: { type: 'string' } } } as const;
const process = { description: { outputs } } as unknown as RegisteredProcess;

describe('the outputs of a job', () => {
  it('are described as its process describes them', () => {
    expect(describedOutputs([value('a')], process)).toBe(outputs);
    expect(describedOutputs([], process)).toBe(outputs);
  });

  it('can be read also where the process does not have them any more, or is no longer offered', () => {
    expect(describedOutputs([value('a'), value('gone')], process)).toEqual({ ...outputs, gone: { schema: {} } });
    expect(describedOutputs([value('a')], undefined)).toEqual({ a: { schema: {} } });
  });
});
