import { describe, expect, it } from '@jest/globals';
import { LARGEST_VALUE, LONGEST_KEY, stepAskFault } from './step-ask-check.js';

const step = { key: 'a', name: 'a', kind: 'task', inputHash: 'a'.repeat(64), after: [] };
const file = { id: 'o', path: '/a', size: 0, sha256: 'a'.repeat(64), mediaType: 'text/plain' };
const fault = { name: 'Error', message: 'x' };
const request = { schema: { type: 'object' }, timeout: 1_000 };
const artifact = { key: 'a', type: 'table', data: [] };
const completed = { key: 'a', end: 'completed', name: 'Completed' };
const begin = (change: object) => ({ call: 'begin', step: { ...step, ...change } });
const end = (ending: object) => ({ call: 'end', end: { key: 'a', ...ending } });
const keep = (change: object) => ({ call: 'keep', artifact: { ...artifact, ...change } });

describe('stepAskFault', () => {
  it.each([
    begin({}),
    begin({ key: 'ü'.repeat(LONGEST_KEY / 2), parent: 'p', onDrift: 'rerun', after: ['b'], tags: ['t'] }),
    begin({ cache: { key: 'k', scope: 'global', ttl: 5, refresh: true }, limits: [{ key: 'db', limit: 1 }] }),
    begin({ kind: 'sleep', sleep: 0 }),
    begin({ kind: 'input', request: { ...request, message: 'Is it right?' } }),
    begin({ kind: 'process', process: { id: 'p', inputs: {} } }),
    end(completed),
    end({ ...completed, name: 'Skipped', value: null, message: 'x', outputs: [file] }),
    end({ ...completed, value: 'x'.repeat(LARGEST_VALUE - 2) }),
    end({ end: 'failed', name: 'TimedOut', fault: { ...fault, input: 'i' } }),
    end({ end: 'retry', fault, delay: 100 }),
    end({ end: 'paused', request }),
    keep({ data: { rows: [] }, description: 'x', step: 'b' }),
  ])('has no objection to what an executor asks: %#', (ask) => expect(stepAskFault(ask)).toBeUndefined());

  it.each([
    {},
    { call: 'toString' },
    { call: 'begin' },
    { call: 'begin', step: [] },
    { call: 'end', end: null },
    { call: 'keep', artifact: 'x' },
    ...[
      { key: undefined },
      { key: '' },
      { key: 'a\0' },
      { key: 'ü'.repeat(LONGEST_KEY / 2 + 1) },
      { name: 5 },
      { name: '' },
      { kind: 'constructor' },
      { parent: 1 },
      { inputHash: null },
      { onDrift: 'ignore' },
      { after: 'b' },
      { after: [1] },
      { after: new Array(10_001).fill('b') },
      { tags: [1] },
      { cache: 'k' },
      { cache: { key: 'k', scope: 'all' } },
      { cache: { key: 'k', scope: 'job', ttl: '1d' } },
      { limits: [{ key: 'db', limit: -1 }] },
      { limits: [{ key: 'db', limit: 1.5 }] },
      { limits: {} },
      { kind: 'sleep' },
      { kind: 'sleep', sleep: -1 },
      { kind: 'sleep', sleep: Infinity },
      { kind: 'sleep', sleep: 1e300 },
      { kind: 'input' },
      { kind: 'input', request: { ...request, schema: [] } },
      { kind: 'input', request: { ...request, timeout: undefined } },
      { kind: 'input', request: { ...request, message: '\0' } },
      { kind: 'process' },
      { kind: 'process', process: { id: 1, inputs: {} } },
      { kind: 'process', process: { id: 'p', inputs: [] } },
      { kind: 'process', process: { id: 'p', inputs: { a: 'x'.repeat(LARGEST_VALUE) } } },
    ].map(begin),
    ...[
      {},
      { end: 'toString' },
      { ...completed, key: 5 },
      { ...completed, name: 'Cached' },
      { ...completed, value: 'x'.repeat(LARGEST_VALUE) },
      { ...completed, value: 1n },
      { ...completed, value: () => 1 },
      { ...completed, message: 5 },
      { ...completed, outputs: file },
      { ...completed, outputs: [{ ...file, path: 'relative' }] },
      { ...completed, outputs: [{ ...file, size: -1 }] },
      { ...completed, outputs: [{ ...file, sha256: 'x' }] },
      { ...completed, outputs: [{ ...file, mediaType: 'a/b\r\nc: d' }] },
      { end: 'failed', name: 'Completed', fault },
      { end: 'failed', name: 'Failed' },
      { end: 'failed', name: 'Failed', fault: { name: 'Error' } },
      { end: 'failed', name: 'Failed', fault: { ...fault, message: '\ud800' } },
      { end: 'retry', fault },
      { end: 'retry', fault: null, delay: 1 },
      { end: 'paused' },
    ].map(end),
    ...[
      { key: '' },
      { type: 'video' },
      { data: undefined },
      { data: 'x'.repeat(LARGEST_VALUE) },
      { description: 5 },
      { step: '' },
    ].map(keep),
  ])('says what is wrong with what no executor asks: %#', (ask) => expect(stepAskFault(ask)).toMatch(/\w/));
});
