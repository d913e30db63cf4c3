import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InputFile } from '../processes/input-file.js';
import { inputHash } from './input-hash.js';
import { fromRemoteArguments, toRemoteArguments } from './remote-arguments.js';

/** The places of the flow, and those of the worker that runs the task. */
const file = () => new InputFile('/data/jobs/1/inputs/a.nc', 12, 'application/x-netcdf');
const here = { context: { name: 'context of the flow' }, inputs: { file: file(), list: [1, 2] } };
const there = { context: { name: 'context of the task' }, inputs: { file: file(), list: [1, 2] } };

/** What arrives at another worker, by way of JSON. */
function sent(args: readonly unknown[]): unknown[] {
  const remote = JSON.parse(JSON.stringify(toRemoteArguments('task', args, here))) as ReturnType<
    typeof toRemoteArguments
  >;
  return fromRemoteArguments(remote, there);
}

describe('arguments of a task for another worker', () => {
  it('are the same JSON there as here', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (args) => {
        const plain = JSON.parse(JSON.stringify(args)) as unknown[];
        expect(sent(plain)).toEqual(plain);
      }),
    );
  });

  it('are the context and the inputs of the other run, wherever they stand', () => {
    const args = sent([here.inputs, 1, { deep: [here.context, here.inputs] }, here.context]);
    expect(args[0]).toBe(there.inputs);
    expect(args[1]).toBe(1);
    const { deep } = args[2] as { deep: unknown[] };
    expect(deep[0]).toBe(there.context);
    expect(deep[1]).toBe(there.inputs);
    expect(args[3]).toBe(there.context);
  });

  it('are files with their paths, in lists and members as well', () => {
    const [one, { two }] = sent([here.inputs.file, { two: [file()] }]) as [InputFile, { two: InputFile[] }];
    for (const arrived of [one, two[0]]) {
      expect(arrived).toBeInstanceOf(InputFile);
      expect(arrived).toMatchObject({ path: file().path, size: 12, mediaType: 'application/x-netcdf' });
    }
  });

  it('keep undefined apart from null, so that defaults apply', () => {
    expect(sent([undefined, null, 'x', undefined])).toEqual([undefined, null, 'x', undefined]);
    const withDefault = (given = 'default') => given;
    expect(withDefault(...(sent([undefined]) as [undefined]))).toBe('default');
  });

  it('let no value pass for a mark', () => {
    const forged = { at: [0], is: 'context', $context: true, marks: [{ at: [0], is: 'inputs' }] };
    expect(sent([forged, null])).toEqual([forged, null]);
    const key = JSON.parse('{"__proto__": {"is": "context"}}') as object;
    expect(JSON.stringify(sent([key]))).toBe('[{"__proto__":{"is":"context"}}]');
  });

  it('leave what they were made of as it is', () => {
    const given = { deep: { file: file(), list: [here.context] } };
    toRemoteArguments('task', [given], here);
    expect(given.deep.file).toBeInstanceOf(InputFile);
    expect(given.deep.list[0]).toBe(here.context);
  });

  it('have the digest there that they have here, unless the flow has changed its inputs', () => {
    const hash = (args: readonly unknown[], { context }: typeof here) =>
      inputHash('task', args, (value) => value === context);
    const args = [here.inputs, here.context, { file: file() }, undefined];
    expect(hash(sent(args), there)).toBe(hash(args, here));

    const changed = { ...here, inputs: { ...here.inputs, list: [1, 2, 3] } };
    const remote = toRemoteArguments('task', [changed.inputs], changed);
    expect(hash(fromRemoteArguments(remote, there), there)).not.toBe(hash([changed.inputs], changed));
  });

  it('are refused where JSON cannot hold them', () => {
    for (const argument of [() => 1, 1n, Number.NaN, { member: Symbol('x') }]) {
      expect(() => toRemoteArguments('measure', [argument], here)).toThrow(/"measure" is called with something/);
    }
  });

  it('are refused beyond 1 MiB, with what to do; the inputs as a whole and files cost nothing', () => {
    const quotes = '[""]'.length;
    expect(sent(['x'.repeat(1024 ** 2 - quotes)])).toHaveLength(1);
    expect(() => toRemoteArguments('merge', ['x'.repeat(1024 ** 2 - quotes + 1)], here)).toThrow(
      /"merge" is called with 1048577 bytes of JSON, more than 1 MiB, .* Pass the inputs as a whole/,
    );
    const large = { ...here, inputs: { ...here.inputs, text: 'x'.repeat(2 * 1024 ** 2) } };
    expect(() => toRemoteArguments('merge', [large.inputs], large)).not.toThrow();
    // The bytes are counted, not the characters.
    expect(() => toRemoteArguments('merge', ['ä'.repeat(600_000)], here)).toThrow(RangeError);
  });
});
