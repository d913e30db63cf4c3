import { describe, expect, it } from '@jest/globals';
import { toEventDocument, toServerSentEvent } from './event-document.js';

const row = (type: string, data: Record<string, unknown> | null = null) => ({
  ...{ job_id: 'j', seq: 3, type, at: new Date('2026-01-02T03:04:05.678Z'), data },
});
const COMMON = { jobID: 'j', seq: 3, time: '2026-01-02T03:04:05.678Z' };

describe(toEventDocument.name, () => {
  it.each([
    ['accepted', null, { status: 'accepted' }],
    ['progress', { progress: 50, message: 'half' }, { status: 'running', progress: 50, message: 'half' }],
    ['successful', null, { status: 'successful', progress: 100 }],
    [
      'failed',
      { code: 'process-failed', detail: 'No.' },
      { status: 'failed', message: 'No.', data: { code: 'process-failed' } },
    ],
    ['callback-delivered', { attempt: 1 }, { data: { attempt: 1 } }],
  ])('tells of %s with %j what a status document would', (type, data, members) => {
    expect(toEventDocument(row(type, data))).toEqual({ ...COMMON, type, ...members });
  });

  it('is one message of a stream, whatever line breaks a text holds', () => {
    const message = toServerSentEvent(row('progress', { progress: 1, message: 'a\nb\r\n\nid: 9' }));
    expect(message).toMatch(/^id: 3\nevent: progress\ndata: .*\n\n$/);
    expect(message.split('\n')).toHaveLength(5);
  });
});
