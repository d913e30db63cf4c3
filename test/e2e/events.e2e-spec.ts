import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Client } from '../harness/client.js';
import { OwnService, PROBES } from '../harness/own-service.js';
import { EventStream } from '../harness/event-stream.js';
import { type Page, pagesOf } from '../harness/pages.js';
import { expectProblem, OGC_PROBLEM, OWN_PROBLEM } from '../harness/problem.js';

jest.setTimeout(30_000);

interface EventPage extends Page {
  readonly events: readonly { seq: number; type: string; status?: string; progress?: number; message?: string }[];
}

describe('Events of jobs', () => {
  const own = new OwnService('e2e-events', { ...PROBES, CANCEL_GRACE: '500ms', EVENTS_HEARTBEAT: '200ms' });
  let client: Client;

  beforeAll(async () => {
    client = await own.start();
  }, 60_000);
  afterAll(() => own.stop(), 60_000);

  const stream = (jobId: string, after?: number) => EventStream.open(client.base + `/jobs/${jobId}/events`, after);
  const has = (type: string) => (seen: EventStream) => seen.events.some(({ event }) => event === type);

  it('are pages of all that happened, numbered without gaps', async () => {
    const id = await client.submit('chatty', { lines: 1 });
    await client.ended(id);
    const pages = await pagesOf<EventPage>(client, `/jobs/${id}/events?limit=2`);
    const events = pages.flatMap((page) => page.events);
    expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect(events.map(({ type }) => type)).toEqual(['accepted', 'started', 'progress', 'successful']);
    expect(events[2]).toMatchObject({ status: 'running', progress: 50, message: 'half way' });
    const { events: rest } = await client.getJson<EventPage>(`/jobs/${id}/events?after=3`);
    expect(rest.map(({ seq }) => seq)).toEqual([4]);
  });

  it('stream from the first to the last, and the stream ends with the job', async () => {
    const id = await client.submit('chatty', { lines: 1 });
    const seen = await stream(id);
    expect(seen.response.headers.get('content-type')).toBe('text/event-stream');
    expect(seen.response.headers.get('access-control-allow-origin')).toBe('*');
    const events = await seen.toEnd();
    expect(events.map(({ id: seq, event }) => [seq, event])).toEqual([
      [1, 'accepted'],
      [2, 'started'],
      [3, 'progress'],
      [4, 'successful'],
    ]);
    expect(events[3].data).toMatchObject({ jobID: id, seq: 4, type: 'successful', status: 'successful' });
  });

  it('come as a stream with ?f=sse too', async () => {
    const id = await client.submit('chatty', { lines: 0 });
    const response = await client.get(`/jobs/${id}/events?f=sse`);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(await response.text()).toContain('event: successful');
  });

  it('go on after Last-Event-ID without a gap or a repetition', async () => {
    const id = await client.submit('sleeper', { ms: 60_000 });
    const first = await stream(id);
    await first.until(has('started'));
    first.leave();
    await client.dismiss(id);
    const resumed = await (await stream(id, first.events.at(-1)!.id)).toEnd();
    expect(resumed.map(({ id: seq, event }) => [seq, event])).toEqual([
      [3, 'dismiss-requested'],
      [4, 'dismissed'],
    ]);
    const byQuery = await (await EventStream.open(`${client.base}/jobs/${id}/events?lastEventId=3`)).toEnd();
    expect(byQuery.map(({ event }) => event)).toEqual(['dismissed']);
  });

  it('reach every reader of a job', async () => {
    const id = await client.submit('sleeper', { ms: 60_000 });
    const readers = await Promise.all(Array.from({ length: 30 }, () => stream(id)));
    await Promise.all(readers.map((reader) => reader.until(has('started'))));
    await client.dismiss(id);
    for (const reader of readers) expect((await reader.toEnd()).at(-1)).toMatchObject({ event: 'dismissed' });
  });

  it('send signs of life while nothing happens', async () => {
    const id = await client.submit('sleeper', { ms: 60_000 });
    const seen = await stream(id);
    await seen.until(({ comments }) => comments >= 2);
    expect(seen.comments).toBeGreaterThanOrEqual(2);
    seen.leave();
    await client.dismiss(id);
  });

  it('are 204 to a client that has them all, so that a browser does not connect again', async () => {
    const id = await client.submit('chatty', { lines: 0 });
    await client.ended(id);
    const headers = { accept: 'text/event-stream', 'last-event-id': '4' };
    expect((await client.get(`/jobs/${id}/events`, headers)).status).toBe(204);
  });

  it('are 404 once the job is removed', async () => {
    const id = await client.submit('chatty', { lines: 0 });
    await client.ended(id);
    await client.dismiss(id);
    for (const accept of ['application/json', 'text/event-stream']) {
      const response = await client.get(`/jobs/${id}/events`, { accept: `${accept}, application/problem+json` });
      await expectProblem(response, 404, `${OGC_PROBLEM}/no-such-job`);
    }
  });

  it('answer HEAD without a stream', async () => {
    const id = await client.submit('chatty', { lines: 0 });
    const headers = { accept: 'text/event-stream' };
    const response = await fetch(`${client.base}/jobs/${id}/events`, { method: 'HEAD', headers });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('');
  });

  it.each([
    ['after=x', {}, `${OGC_PROBLEM}/invalid-query-parameter-value`],
    ['cursor=x', {}, `${OGC_PROBLEM}/invalid-query-parameter-value`],
    ['limit=0', {}, `${OGC_PROBLEM}/invalid-query-parameter-value`],
    ['f=html', {}, `${OGC_PROBLEM}/invalid-query-parameter-value`],
    ['', { 'last-event-id': 'x' }, `${OWN_PROBLEM}/bad-request`],
  ])('refuse ?%s with %j', async (query, headers, type) => {
    const id = await client.submit('chatty', { lines: 0 });
    await expectProblem(await client.get(`/jobs/${id}/events?${query}`, headers), 400, type);
  });

  it('do not keep the service from stopping; the readers are told at once', async () => {
    const id = await client.submit('sleeper', { ms: 300 });
    const seen = await stream(id);
    await seen.until(has('started'));
    own.process.kill('SIGTERM');
    await seen.toEnd();
    expect(await own.process.exited()).toBe(0);
  });
});
