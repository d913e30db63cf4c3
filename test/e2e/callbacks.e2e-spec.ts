import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { join, resolve } from 'node:path';
import { eventually } from '../harness/backends.js';
import { Client, type JobStatus } from '../harness/client.js';
import { EventStream } from '../harness/event-stream.js';
import { type ReceivedCall, Receiver } from '../harness/receiver.js';
import { Service } from '../harness/service.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

jest.setTimeout(60_000);

const SECRET = 'what-both-sides-know';

interface JobEvent {
  readonly seq: number;
  readonly type: string;
  readonly data?: Record<string, unknown>;
}

const json = ({ body }: ReceivedCall) => JSON.parse(body.toString()) as Record<string, unknown>;
const eventIds = (calls: readonly ReceivedCall[]) => calls.map(({ headers }) => headers['sluice-event-id']);

describe('Callbacks (/req/callback/job-callback)', () => {
  const directory = temporaryDirectory('e2e-callbacks');
  const settings = {
    DATA_DIR: join(directory.path, 'data'),
    PROCESS_MODULES: resolve('test/fixtures/probe-processes.mjs'),
    ALLOW_PRIVATE_REFERENCES: 'true',
    CALLBACK_SECRET: SECRET,
    CALLBACK_TIMEOUT: '1s',
    CALLBACK_ATTEMPTS: '4',
    CANCEL_GRACE: '500ms',
    INLINE_OUTPUT: '1KiB',
  };
  let receiver: Receiver;
  let service: Service;
  let client: Client;

  beforeAll(async () => {
    receiver = await Receiver.start();
    service = await Service.start(settings);
    client = new Client(service.url());
  }, 60_000);
  afterAll(async () => {
    await service?.stop();
    await receiver?.down();
    directory.remove();
  }, 60_000);

  async function submit(process: string, inputs: object, paths: Record<string, string>, members = {}) {
    const uris = Object.entries(paths).map(([name, path]) => [name, path.startsWith('/') ? receiver.url(path) : path]);
    const body = { inputs, subscriber: Object.fromEntries(uris) as object, ...members };
    const response = await client.execute(process, body, { prefer: 'respond-async' });
    expect(response.status).toBe(201);
    return ((await response.json()) as JobStatus).jobID;
  }

  const callbackEvents = async (id: string) => {
    const { events } = await client.getJson<{ events: JobEvent[] }>(`/jobs/${id}/events?limit=100`);
    return events.filter(({ type }) => type.startsWith('callback-'));
  };
  const untilEvent = (id: string, type: string, members: object) =>
    eventually(
      async () => {
        const events = await callbackEvents(id);
        return events.find((event) => event.type === type && matches(event.data, members));
      },
      `job ${id} has an event ${type} with ${JSON.stringify(members)}`,
    );

  it('post the results to successUri, after the status to inProgressUri, in their order', async () => {
    const id = await submit(
      'chatty',
      { lines: 1 },
      { inProgressUri: '/order', successUri: '/order', failedUri: '/no' },
    );
    const { data } = await untilEvent(id, 'callback-delivered', { kind: 'successUri', attempt: 1, status: 202 });
    const calls = receiver.to('/order');
    const numbers = calls.map(({ headers }) => Number(String(headers['sluice-event-id']).split('/')[1]));
    expect(eventIds(calls)).toEqual(numbers.map((number) => `${id}/${number}`));
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    expect(numbers.at(-1)).toBe(data!.event);
    const kinds = calls.map(({ headers }) => headers['sluice-callback']);
    expect(kinds).toEqual([...Array<string>(calls.length - 1).fill('inProgressUri'), 'successUri']);
    expect(new Set(calls.map(({ headers }) => headers['content-type']))).toEqual(new Set(['application/json']));
    expect(json(calls[0])).toMatchObject({ jobID: id, status: 'running', processID: 'chatty' });
    expect(json(calls.at(-2)!)).toMatchObject({ jobID: id, status: 'running', progress: 50, message: 'half way' });
    expect(json(calls.at(-1)!)).toEqual({ done: 'yes' });
    const links = (json(calls[0]).links as { rel: string; href: string }[]).filter(({ rel }) => rel === 'self');
    expect(links[0].href).toBe(`${client.base}/jobs/${id}`);
    expect(receiver.to('/no')).toEqual([]);
  });

  it('about the status are made also when the job has been removed meanwhile', async () => {
    receiver.answer('/removed', (call) => (call < 2 ? 503 : 200));
    const id = await submit('chatty', { lines: 0, fail: 'x' }, { failedUri: '/removed' });
    await untilEvent(id, 'callback-failed', { attempt: 1 });
    await client.dismiss(id);
    expect((await client.get(`/jobs/${id}`)).status).toBe(404);
    const calls = await receiver.until('/removed', 2);
    expect(new Set(eventIds(calls)).size).toBe(1);
    for (const call of calls) expect(json(call)).toMatchObject({ jobID: id, status: 'failed', message: 'x' });
  });

  it('that come after the end of the job are streamed to a client that comes back', async () => {
    receiver.answer('/late-event', (call) => (call < 2 ? 503 : 200));
    const id = await submit('chatty', { lines: 0 }, { successUri: '/late-event' });
    await client.ended(id);
    const url = `${client.base}/jobs/${id}/events`;
    const first = await EventStream.open(url);
    const seen = await first.until(() => false);
    expect(seen.map(({ event }) => event)).toContain('callback-delivered');
    const again = await fetch(url, {
      headers: { accept: 'text/event-stream', 'last-event-id': String(seen.at(-1)!.id) },
    });
    expect(again.status).toBe(204);
  });

  it('link an output that is too large to be sent', async () => {
    const id = await submit('writer', { bytes: 5_000 }, { successUri: '/large' });
    const [call] = await receiver.until('/large', 1);
    expect(json(call)).toEqual({
      file: expect.objectContaining({
        href: expect.stringContaining(`${client.base}/jobs/${id}/results/file?expires=`) as unknown,
      }) as object,
    });
  });

  it('post the status to failedUri for a failure and for a dismissal', async () => {
    const failed = await submit('chatty', { lines: 0, fail: 'x' }, { failedUri: '/failed', successUri: '/never' });
    expect(json((await receiver.until('/failed', 1))[0])).toMatchObject({ jobID: failed, status: 'failed' });
    const dismissed = await submit('sleeper', { ms: 60_000 }, { failedUri: '/dismissed', successUri: '/never' });
    await client.until(dismissed, ['running']);
    await client.dismiss(dismissed);
    expect(json((await receiver.until('/dismissed', 1))[0])).toMatchObject({ jobID: dismissed, status: 'dismissed' });
    expect(receiver.to('/never')).toEqual([]);
  });

  it('follow a synchronous execution as well, also of a process that keeps no jobs', async () => {
    for (const process of ['noop', 'noop-bare']) {
      const path = `/sync-${process}`;
      const response = await client.execute(process, { inputs: {}, subscriber: { successUri: receiver.url(path) } });
      expect(response.status).toBe(200);
      expect(json((await receiver.until(path, 1))[0])).toEqual({ done: 'yes' });
    }
  });

  it('are signed with HMAC-SHA256 over the time and the body', async () => {
    await submit('chatty', { lines: 0 }, { successUri: '/signed' });
    const [{ headers, body }] = await receiver.until('/signed', 1);
    const hmac = createHmac('sha256', SECRET)
      .update(`${String(headers['sluice-timestamp'])}.`)
      .update(body);
    expect(headers['sluice-signature']).toBe(`v1=${hmac.digest('hex')}`);
  });

  it('are tried again after failures, with the same event id, and each attempt is an event of the job', async () => {
    receiver.answer('/flaky', (call) => (call < 3 ? 503 : 200));
    const id = await submit('chatty', { lines: 0 }, { successUri: '/flaky' });
    const calls = await receiver.until('/flaky', 3);
    const { data } = await untilEvent(id, 'callback-delivered', { attempt: 3, status: 200 });
    expect(new Set(eventIds(calls))).toEqual(new Set([`${id}/${String(data!.event)}`]));
    expect((await callbackEvents(id)).map(({ type, data }) => [type, data!.attempt, data!.status])).toEqual([
      ['callback-failed', 1, 503],
      ['callback-failed', 2, 503],
      ['callback-delivered', 3, 200],
    ]);
  });

  it('are given up after CALLBACK_ATTEMPTS, and at once when the subscriber is gone for good', async () => {
    receiver.answer('/gone', () => 410);
    receiver.answer('/broken', () => 500);
    const gone = await submit('chatty', { lines: 0 }, { successUri: '/gone' });
    await untilEvent(gone, 'callback-failed', { attempt: 1, status: 410, givenUp: true });
    const broken = await submit('chatty', { lines: 0 }, { successUri: '/broken' });
    await untilEvent(broken, 'callback-failed', { attempt: 4, status: 500, givenUp: true });
    expect(receiver.to('/gone')).toHaveLength(1);
    expect(receiver.to('/broken')).toHaveLength(4);
  });

  it('do not follow redirects', async () => {
    receiver.answer('/moved', (_, response) => {
      response.setHeader('location', receiver.url('/secret'));
      return 307;
    });
    const id = await submit('chatty', { lines: 0 }, { successUri: '/moved' });
    await untilEvent(id, 'callback-failed', { attempt: 1, status: 307 });
    expect(receiver.to('/secret')).toEqual([]);
  });

  it('of one subscriber that hangs do not keep the others waiting', async () => {
    const hanging = await Receiver.start();
    hanging.answer('/hang', () => 'hang');
    const jobs = Array.from({ length: 12 }, () => submit('noop', {}, { successUri: hanging.url('/hang') }));
    const ids = await Promise.all(jobs);
    await hanging.until('/hang', 1);
    await submit('noop', {}, { successUri: '/prompt' });
    await receiver.until('/prompt', 1);
    // The prompt one overtook: most of those that came before have not even had their first attempt settled.
    const settled = await Promise.all(ids.map(async (id) => (await callbackEvents(id)).length));
    expect(settled.filter((events) => events === 0).length).toBeGreaterThan(0);
    await untilEvent(ids[0], 'callback-failed', { reason: 'The URL did not answer in time.' });
    for (const id of ids) await client.dismiss(id);
    await hanging.down();
  });

  it('about progress that nobody takes do not hold up the results', async () => {
    receiver.answer('/deaf', () => 500);
    const id = await submit('chatty', { lines: 0 }, { inProgressUri: '/deaf', successUri: '/after-deaf' });
    await receiver.until('/after-deaf', 1);
    await untilEvent(id, 'callback-failed', { kind: 'inProgressUri', attempt: 3, givenUp: true });
  });

  it('survive a restart of the service', async () => {
    await receiver.down();
    const id = await submit('chatty', { lines: 0 }, { successUri: '/late' });
    await untilEvent(id, 'callback-failed', { attempt: 1 });
    service.kill('SIGKILL');
    await service.exited();
    await receiver.up();
    service = await Service.start(settings);
    client = new Client(service.url());
    const [call] = await receiver.until('/late', 1);
    const { data } = await untilEvent(id, 'callback-delivered', { kind: 'successUri' });
    expect(eventIds([call])).toEqual([`${id}/${String(data!.event)}`]);
    expect(json(call)).toEqual({ done: 'yes' });
  });

  it('refuse private addresses unless a setting allows them, when asked for and when made', async () => {
    await receiver.down();
    const id = await submit('chatty', { lines: 0 }, { successUri: '/private' });
    await untilEvent(id, 'callback-failed', { attempt: 1 });
    service.kill('SIGKILL');
    await service.exited();
    await receiver.up();
    service = await Service.start({ ...settings, ALLOW_PRIVATE_REFERENCES: 'false' });
    client = new Client(service.url());
    const { data } = await untilEvent(id, 'callback-failed', { givenUp: true });
    expect(data!.reason).toBe('The URL leads to an address that this service does not connect to.');

    const subscriber = {
      successUri: receiver.url('/private'),
      inProgressUri: 'http://[::ffff:10.0.0.1]/private',
      failedUri: 'https://a.LOCALHOST./private',
    };
    const response = await client.execute('chatty', { inputs: { lines: 0 }, subscriber }, { prefer: 'respond-async' });
    expect(response.status).toBe(400);
    const detail = 'leads to an address that this service does not connect to';
    expect(await response.json()).toMatchObject({
      type: expect.stringMatching(/InvalidParameterValue$/),
      errors: Object.keys(subscriber).map((name) => ({ pointer: `/subscriber/${name}`, detail })),
    });
    const named = { successUri: 'http://callbacks.invalid/later' };
    const accepted = { inputs: { lines: 0 }, subscriber: named };
    expect((await client.execute('chatty', accepted, { prefer: 'respond-async' })).status).toBe(201);
    expect(receiver.to('/private')).toEqual([]);
  });
});

function matches(data: Record<string, unknown> | undefined, members: object): boolean {
  return Object.entries(members).every(([name, value]) => data?.[name] === value);
}
