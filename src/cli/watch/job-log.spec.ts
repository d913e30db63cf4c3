import { describe, expect, it } from '@jest/globals';
import type { LogLine } from '../client/ogc-documents.js';
import { JobLog } from './job-log.js';

/** A growing log behind pages of two lines, as this API serves it: a next link only where a next line is. */
function growingLog(messages: string[]) {
  return {
    logPage: (_job: string, query: string) => {
      const start = Number(new URLSearchParams(query).get('cursor') ?? 0);
      const lines = messages.slice(start, start + 2).map((message): LogLine => ({ message }));
      const next = messages.length > start + 2 ? `?cursor=${start + 2}` : undefined;
      return Promise.resolve({ lines, next });
    },
  };
}

describe(JobLog.name, () => {
  it('returns every line once while the log grows over page boundaries', async () => {
    const messages = ['1'];
    const log = new JobLog(growingLog(messages), 'job');
    const seen: string[] = [];
    const read = async () => {
      for await (const { message } of log.more()) seen.push(message);
    };
    await read();
    messages.push('2');
    await read();
    await read();
    messages.push('3', '4', '5', '6');
    await read();
    messages.push('7');
    await read();
    expect(seen).toEqual(['1', '2', '3', '4', '5', '6', '7']);
  });
});
