import { describe, expect, it } from '@jest/globals';
import { InputFile } from '../processes/input-file.js';
import { isExecutorMessage } from './executor-message-check.js';
import { fromWireInputs, toWireInputs } from './executor-messages.js';

const line = { level: 'info', message: 'x', time: new Date().toISOString() };
const value = { kind: 'value', value: null, mediaType: 'application/json' };
const artifact = { key: 'a', type: 'table', data: [] };
const file = { kind: 'file', path: '/a', size: 0, sha256: 'a'.repeat(64), mediaType: 'text/plain' };

describe('executor messages', () => {
  it('carry inputs and their files through JSON', () => {
    const inputs = {
      a: 1,
      file: new InputFile('/f', 2, 'x/y', 'f.raw'),
      many: [new InputFile('/g', 3, 'x/z'), 'text'],
    };
    const revived = fromWireInputs(JSON.parse(JSON.stringify(toWireInputs(inputs))));
    expect(revived).toEqual(inputs);
    expect(revived.file).toBeInstanceOf(InputFile);
  });

  it('never take a value for a file', () => {
    const value = { path: '/etc/passwd', size: 1, mediaType: 'text/plain' };
    expect(fromWireInputs(toWireInputs({ value })).value).not.toBeInstanceOf(InputFile);
  });

  it.each([
    undefined,
    'ready',
    {},
    { type: 'toString' },
    { type: 'ready' },
    { type: 'result', run: 1 },
    { type: 'news', run: '1', news: {} },
    { type: 'ready', processes: [null] },
    ...[
      null,
      { lines: 5 },
      { lines: [null] },
      { lines: [{ ...line, level: 'toString' }] },
      { lines: [{ ...line, message: 1 }] },
      { lines: [{ ...line, message: '\0' }] },
      { lines: [{ ...line, time: 'soon' }] },
      { lines: [{ ...line, data: [] }] },
      { progress: null },
      { progress: { percent: '5' } },
      { progress: { percent: 101 } },
      { progress: { percent: 5, message: 5 } },
    ].flatMap((news) => [
      { type: 'news', run: 1, news },
      { type: 'fatal', run: 1, news, detail: 'x' },
    ]),
    ...[
      null,
      { kind: 'unknown' },
      { kind: 'toString' },
      { kind: 'crashed', fault: { code: 'crashed', detail: 'x' } },
      { kind: 'failed' },
      { kind: 'failed', fault: { code: 'no such code', detail: 'x' } },
      { kind: 'failed', fault: { code: 'process-failed', detail: 'x', errors: [5] } },
      { kind: 'failed', fault: { code: 'process-failed', detail: 'x' }, retry: {} },
      { kind: 'failed', fault: { code: 'process-failed', detail: 'x' }, retry: { delay: -1 } },
      { kind: 'succeeded', outputs: null },
      { kind: 'succeeded', outputs: { a: { kind: 'value', mediaType: 'a/b' } } },
      { kind: 'succeeded', outputs: { a: { kind: 'value', value: 1, mediaType: 'a/b\r\nc: d' } } },
      { kind: 'succeeded', outputs: { a: { ...file, path: 'relative' } } },
      { kind: 'succeeded', outputs: { a: { ...file, size: -1 } } },
      { kind: 'succeeded', outputs: { a: { ...file, sha256: 'x' } } },
    ].map((outcome) => ({ type: 'result', run: 1, news: {}, outcome })),
    { type: 'result', run: 1, news: {}, outcome: { kind: 'suspended' }, hooks: 'yes' },
    { type: 'hooked', run: 1 },
    { type: 'ask', run: 1, ask: 1, news: {}, call: 'begin' },
    { type: 'ask', run: 1, ask: 0, news: {}, call: 'keep', artifact },
    { type: 'ask', run: 1, ask: 1, news: { lines: 5 }, call: 'keep', artifact },
    { type: 'ask', ask: 1, news: {}, call: 'keep', artifact },
  ])('are told from whatever else a process sends: %j', (message) => expect(isExecutorMessage(message)).toBe(false));

  it.each([
    { type: 'ready', processes: [{ id: 'a', version: '1.0.0' }] },
    { type: 'start-failed', detail: 'x' },
    { type: 'news', run: 1, news: { lines: [line, { ...line, data: { a: 1 } }], progress: { percent: 5 } } },
    { type: 'fatal', detail: 'x' },
    { type: 'fatal', run: 1, news: { progress: { percent: 100, message: 'x' } }, detail: 'x' },
    { type: 'result', run: 1, news: {}, outcome: { kind: 'succeeded', outputs: { a: file, b: value } } },
    { type: 'result', run: 1, news: {}, outcome: { kind: 'suspended' } },
    { type: 'hooked', run: 1, news: { lines: [line] } },
    { type: 'ask', run: 1, ask: 1, news: { lines: [line] }, call: 'keep', artifact },
    { type: 'result', run: 1, news: {}, outcome: { kind: 'failed', fault: { code: 'process-failed', detail: 'x' } } },
    {
      type: 'result',
      run: 1,
      news: {},
      outcome: { kind: 'failed', fault: { code: 'process-failed', detail: 'x' }, retry: { delay: 5 } },
      hooks: true,
    },
  ])('are known by their full shape: %j', (message) => expect(isExecutorMessage(message)).toBe(true));
});
