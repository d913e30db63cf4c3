import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FaultCollector } from '../../definition/invalid-process.error.js';
import { CompiledProcess } from '../../compiled-process.js';
import { processOptionsOf } from '../../decorators/process.decorator.js';
import { readProcessDefinition } from '../../definition/process-definition.js';
import type { JobContext } from '../../job-context.js';
import { Echo, EchoInputs } from './echo.process.js';

function contextOf(signal: AbortSignal, progress: (percent: number) => void = () => {}): JobContext {
  return { signal, progress } as unknown as JobContext;
}

const faults = new FaultCollector(() => 'Echo');
const { definition } = readProcessDefinition(processOptionsOf(Echo)!, faults);
const echo = CompiledProcess.compile(definition!, new Echo(), faults)!;
const context = contextOf(new AbortController().signal);

const inputs = fc.record(
  {
    stringInput: fc.string({ unit: 'grapheme' }),
    mixedInput: fc.oneof(fc.string(), fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }))),
    arrayInput: fc.array(fc.integer(), { minLength: 1, maxLength: 10 }),
    bboxInput: fc.record({ bbox: fc.constantFrom([1, 2, 3, 4], [-180, -90, 0, 180, 90, 10]) }),
    xmlInput: fc.constantFrom('<a/>', '<?xml version="1.0"?><a>ü</a>'),
  },
  { requiredKeys: ['stringInput'] },
);

describe('echo', () => {
  it('describes its inputs in the agreed order, with stringInput first and only it required', () => {
    const described = Object.entries(echo.description.inputs);
    expect(described.map(([id]) => id)).toEqual([
      'stringInput',
      'mixedInput',
      'arrayInput',
      'bboxInput',
      'xmlInput',
      'pause',
    ]);
    expect(described.filter(([, { minOccurs }]) => minOccurs !== 0).map(([id]) => id)).toEqual(['stringInput']);
    expect(echo.description.inputs.bboxInput.schema.allOf![0]).toEqual({ format: 'ogc-bbox' });
    expect(JSON.stringify(echo.description)).not.toContain('$ref');
    expect(echo.policy).toEqual({ isolation: 'inline', syncJobs: false });
  });

  it('returns every input it was sent under the output of the same name, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(inputs, async (sent) => {
        const values: Record<string, unknown> = { ...sent };
        expect(await echo.validateInputs(values)).toEqual([]);
        const outputs = await echo.handler.execute(echo.reviveInputs(values), context);
        expect({ ...outputs }).toEqual(sent);
        expect(echo.validateOutputs({ ...outputs }, new Set())).toEqual([]);
      }),
    );
  });

  it('waits no longer once its signal is aborted', async () => {
    const controller = new AbortController();
    const waiting = new Echo().execute(
      Object.assign(new EchoInputs(), { stringInput: 'x', pause: 60 }),
      contextOf(controller.signal, () => controller.abort()),
    );
    await expect(waiting).rejects.toThrow(/abort/i);
  });

  it.each([
    [{}, '/inputs/stringInput'],
    [{ stringInput: 'x', pause: 61 }, '/inputs/pause'],
    [{ stringInput: 'x', pause: 0.5 }, '/inputs/pause'],
    [{ stringInput: 'x', arrayInput: [] }, '/inputs/arrayInput'],
    [{ stringInput: 'x', arrayInput: [1, 'two'] }, '/inputs/arrayInput/1'],
    [{ stringInput: 'x', mixedInput: 5 }, '/inputs/mixedInput'],
    [{ stringInput: 'x', bboxInput: { bbox: [1, 2, 3] } }, '/inputs/bboxInput/bbox'],
    [{ stringInput: 'x', unknown: 1 }, '/inputs/unknown'],
  ])('refuses %j', async (values, pointer) => {
    const violations = await echo.validateInputs(values);
    expect(violations.map((violation) => violation.pointer)).toContain(pointer);
  });
});
