import { describe, expect, it } from '@jest/globals';
import type { LogLine } from './execution-unit.js';
import type { RunNews } from './executor-messages.js';
import { ExecutorOutbox, MOST_PENDING } from './executor-outbox.js';

const line = (message: string): LogLine => ({ level: 'info', message, time: '' });

describe('ExecutorOutbox', () => {
  it('has one message under way at a time and gathers the rest, with the latest progress', () => {
    const sent: RunNews[] = [];
    const done: (() => void)[] = [];
    const outbox = new ExecutorOutbox((news, taken) => {
      sent.push(news);
      done.push(taken);
    });
    outbox.log(line('first'));
    for (let step = 1; step <= 300; step++) {
      outbox.log(line(`${step}`));
      outbox.progress(step / 3);
    }
    expect(sent).toEqual([{ lines: [line('first')] }]);
    done[0]();
    expect(sent).toHaveLength(2);
    expect(sent[1].lines).toHaveLength(300);
    expect(sent[1].progress).toEqual({ percent: 100, message: undefined });
    expect(outbox.take()).toEqual({});
  });

  it('counts what it drops while nobody reads', () => {
    const outbox = new ExecutorOutbox(() => undefined);
    for (let step = 0; step < MOST_PENDING + 6; step++) outbox.log(line(`${step}`));
    const { lines = [] } = outbox.take();
    expect(lines).toHaveLength(MOST_PENDING + 1);
    expect(lines.at(-1)?.message).toMatch(/^5 log lines were dropped/);
  });
});
