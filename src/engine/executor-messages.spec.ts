import { describe, expect, it } from '@jest/globals';
import { InputFile } from '../processes/input-file.js';
import { fromWireInputs, isExecutorMessage, toWireInputs } from './executor-messages.js';

describe('executor messages', () => {
  it('carry inputs and their files through JSON', () => {
    const inputs = { a: 1, file: new InputFile('/f', 2, 'x/y'), many: [new InputFile('/g', 3, 'x/z'), 'text'] };
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
  ])('are told from whatever else a process sends: %j', (message) => expect(isExecutorMessage(message)).toBe(false));
});
