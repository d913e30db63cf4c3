import { describe, expect, it } from '@jest/globals';
import type { JobContext } from '../../job-context.js';
import { SimpleFlow } from './simple-flow.process.js';

function recorder() {
  const steps: number[] = [];
  const log: string[] = [];
  const context = {
    progress: (percent: number) => steps.push(percent),
    logger: { info: (message: string) => log.push(message) },
  } as unknown as JobContext;
  return { steps, log, context };
}

describe('simple-flow', () => {
  it('composes greeting and message, and reports both steps', async () => {
    const { steps, log, context } = recorder();
    expect(await new SimpleFlow().execute({ name: 'Ada', message: 'Good day.' }, context)).toEqual({
      result: 'Hello Ada! Good day.',
    });
    expect(steps).toEqual([50, 100]);
    expect(log).toEqual(['Composed the greeting', 'Appended the message']);
  });

  it('greets without a message', async () => {
    const { log, context } = recorder();
    expect(await new SimpleFlow().execute({ name: 'Ada' }, context)).toEqual({ result: 'Hello Ada!' });
    expect(log).toEqual(['Composed the greeting']);
  });
});
