import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { eventually } from '../harness/backends.js';
import { Client } from '../harness/client.js';
import { sluice } from '../harness/command-line.js';
import { type ReceivedCall, Receiver } from '../harness/receiver.js';
import { Service } from '../harness/service.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

jest.setTimeout(60_000);

const SECRET = 'what-both-sides-know';
const MISSING = '00000000-0000-4000-8000-000000000000';

interface Subscription {
  readonly id: string;
  readonly url: string;
  readonly enabled: boolean;
  readonly disabledReason?: string;
  readonly owed?: number;
  readonly links: readonly { readonly rel: string; readonly href: string }[];
}

interface Delivery {
  readonly id: string;
  readonly type: string;
  readonly state: string;
  readonly attempts: number;
  readonly status?: number;
  readonly reason?: string;
  readonly jobID?: string;
  readonly nextAttempt?: string;
}

interface NotificationBody {
  readonly id: string;
  readonly type: string;
  readonly time: string;
  readonly job?: { readonly jobID: string; readonly status: string };
  readonly data?: Record<string, unknown>;
}

const json = ({ body }: ReceivedCall) => JSON.parse(body.toString()) as NotificationBody;

describe('Subscriptions', () => {
  const directory = temporaryDirectory('e2e-subscriptions');
  const settings = {
    DATA_DIR: join(directory.path, 'data'),
    PROCESS_MODULES: ['probe-processes.mjs', 'control-processes.mjs']
      .map((file) => resolve('test/fixtures', file))
      .join(','),
    ALLOW_PRIVATE_REFERENCES: 'true',
    CALLBACK_TIMEOUT: '1s',
    CALLBACK_ATTEMPTS: '3',
    MAX_SUBSCRIPTIONS: '30',
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

  const send = (method: string, path: string, body?: unknown) =>
    client.fetch(path, {
      method,
      ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });

  async function subscribe(path: string, events: string[], members: object = {}): Promise<string> {
    const response = await send('POST', '/subscriptions', { url: receiver.url(path), events, ...members });
    expect(response.status).toBe(201);
    const { id } = (await response.json()) as Subscription;
    expect(response.headers.get('location')).toBe(`${client.base}/subscriptions/${id}`);
    return id;
  }

  const subscription = (id: string) => client.getJson<Subscription>(`/subscriptions/${id}`);
  const deliveries = async (id: string, query = '') =>
    (await client.getJson<{ deliveries: Delivery[] }>(`/subscriptions/${id}/deliveries${query}`)).deliveries;
  const untilDelivery = (id: string, members: Partial<Delivery>) =>
    eventually(
      async () => (await deliveries(id)).find((delivery) => matches(delivery, members)),
      `a delivery of ${id} is ${JSON.stringify(members)}`,
    );

  it('are told of the events they name, in their order, with the job as it was then', async () => {
    const id = await subscribe('/all', ['accepted', 'started', 'progress', 'successful'], { processID: 'chatty' });
    await client.ended(await client.submit('noop', {}));
    const jobId = await client.submit('chatty', { lines: 1 });
    await client.ended(jobId);
    const calls = await receiver.until('/all', 4);
    const { events } = await client.getJson<{ events: { seq: number; type: string; time: string }[] }>(
      `/jobs/${jobId}/events?limit=100`,
    );
    expect(calls.map(json).map(({ id, type, time }) => ({ id, type, time }))).toEqual(
      events.map(({ seq, type, time }) => ({ id: `${jobId}/${seq}`, type, time })),
    );
    expect(calls.map(json).map(({ job }) => job!.status)).toEqual(['accepted', 'running', 'running', 'successful']);
    expect(json(calls[2])).toMatchObject({
      data: { progress: 50, message: 'half way' },
      job: { jobID: jobId, processID: 'chatty', progress: 50, state: { type: 'RUNNING' } },
    });
    for (const { headers, body } of calls) {
      const { id: eventId, type } = JSON.parse(body.toString()) as NotificationBody;
      expect(headers).toMatchObject({
        ...{ 'sluice-event-id': eventId, 'sluice-event': type, 'sluice-subscription': id },
        'content-type': 'application/json',
      });
      expect(headers['sluice-signature']).toBeUndefined();
    }
    const { links } = json(calls[3]).job as unknown as Subscription;
    expect(links.find(({ rel }) => rel === 'self')!.href).toBe(`${client.base}/jobs/${jobId}`);
  });

  it('are told of the steps of flows', async () => {
    await subscribe('/steps', ['task-started', 'task-completed', 'task-failed'], {
      processID: ['asking', 'simple-flow'],
    });
    await client.ended(await client.submit('simple-flow', { name: 'Ada' }));
    const types = (await receiver.until('/steps', 2)).map((call) => json(call).type);
    expect(types.slice(0, 2)).toEqual(['task-started', 'task-completed']);
  });

  it('get a signature with their secret, which nobody is ever told', async () => {
    const id = await subscribe('/signed', ['successful'], { secret: SECRET });
    await client.ended(await client.submit('noop', {}));
    const [{ headers, body }] = await receiver.until('/signed', 1);
    const hmac = createHmac('sha256', SECRET)
      .update(`${String(headers['sluice-timestamp'])}.`)
      .update(body);
    expect(headers['sluice-signature']).toBe(`v1=${hmac.digest('hex')}`);
    for (const path of ['/subscriptions?limit=100', `/subscriptions/${id}`, `/subscriptions/${id}/deliveries`]) {
      expect(await (await client.get(path)).text()).not.toContain(SECRET);
    }
    expect(await subscription(id)).toMatchObject({ signed: true });
    expect(service.tail()).not.toContain(SECRET);
  });

  it('are tried again with the same event id, later events of the job wait, and each attempt can be looked at', async () => {
    receiver.answer('/flaky', (call) => (call < 3 ? 503 : 204));
    const id = await subscribe('/flaky', ['started', 'successful']);
    const jobId = await client.submit('noop', {});
    await untilDelivery(id, { type: 'started', state: 'owed', status: 503, attempts: 1 });
    const calls = await receiver.until('/flaky', 4);
    const started = `${jobId}/2`;
    expect(calls.map((call) => json(call).id)).toEqual([started, started, started, `${jobId}/3`]);
    await untilDelivery(id, { type: 'successful', state: 'delivered', attempts: 1, status: 204 });
    const all = await deliveries(id);
    expect(all.map(({ type, state, attempts }) => [type, state, attempts])).toEqual([
      ['successful', 'delivered', 1],
      ['started', 'delivered', 3],
    ]);
    expect(await subscription(id)).toMatchObject({ owed: 0, dropped: 0 });
    const first = await client.getJson<{ deliveries: Delivery[]; links: Subscription['links'] }>(
      `/subscriptions/${id}/deliveries?limit=1`,
    );
    const next = first.links.find(({ rel }) => rel === 'next')!.href;
    expect([...first.deliveries, ...(await deliveries(id, new URL(next).search))]).toEqual(all);
  });

  it('are given up after CALLBACK_ATTEMPTS, and then told of what follows', async () => {
    receiver.answer('/broken', (call) => (call <= 3 ? 500 : 200));
    const id = await subscribe('/broken', ['started', 'successful']);
    await client.submit('noop', {});
    await untilDelivery(id, { type: 'started', state: 'failed', attempts: 3, status: 500 });
    await untilDelivery(id, { type: 'successful', state: 'delivered' });
  });

  it('are disabled when the subscriber answers 410, and can be enabled again', async () => {
    receiver.answer('/gone', (call) => (call === 1 ? 410 : 200));
    const id = await subscribe('/gone', ['accepted']);
    await client.ended(await client.submit('noop', {}));
    await untilDelivery(id, { state: 'failed', status: 410 });
    expect(await subscription(id)).toMatchObject({
      ...{ enabled: false, disabledReason: 'The subscriber answered with 410.' },
    });
    await client.ended(await client.submit('noop', {}));
    expect((await send('PATCH', `/subscriptions/${id}`, { enabled: true })).status).toBe(200);
    const jobId = await client.submit('noop', {});
    const calls = await receiver.until('/gone', 2);
    expect(calls.map((call) => json(call).id).at(-1)).toBe(`${jobId}/1`);
    expect((await subscription(id)).disabledReason).toBeUndefined();
  });

  it('are told of a job that has been removed meanwhile', async () => {
    receiver.answer('/removed', (call) => (call < 2 ? 503 : 200));
    const id = await subscribe('/removed', ['failed']);
    const jobId = await client.submit('chatty', { lines: 0, fail: 'x' });
    await untilDelivery(id, { state: 'owed', attempts: 1, status: 503 });
    await client.dismiss(jobId);
    expect((await client.get(`/jobs/${jobId}`)).status).toBe(404);
    const calls = await receiver.until('/removed', 2);
    expect(calls.map(json)).toMatchObject(Array(2).fill({ job: { jobID: jobId, status: 'failed', message: 'x' } }));
    expect(new Set(calls.map((call) => json(call).id)).size).toBe(1);
  });

  it('can be tested, also before there is any job', async () => {
    receiver.answer('/broken-test', () => 500);
    const good = await subscribe('/test', ['failed'], { secret: SECRET });
    const tested = await send('POST', `/subscriptions/${good}/test`);
    expect(tested.status).toBe(200);
    const delivery = (await tested.json()) as Delivery;
    expect(delivery).toMatchObject({ type: 'test', state: 'delivered', status: 202, attempts: 1 });
    const [call] = receiver.to('/test');
    expect(json(call)).toMatchObject({ id: delivery.id, type: 'test', data: { subscription: good } });
    expect(call.headers).toMatchObject({ 'sluice-event': 'test', 'sluice-event-id': delivery.id });
    expect(call.headers['sluice-signature']).toMatch(/^v1=[0-9a-f]{64}$/);

    const bad = await subscribe('/broken-test', ['failed']);
    const failed = (await (await send('POST', `/subscriptions/${bad}/test`)).json()) as Delivery;
    expect(failed).toMatchObject({ state: 'failed', status: 500, reason: 'The subscriber answered with 500.' });
    expect(failed.nextAttempt).toBeUndefined();
    expect(await deliveries(bad)).toEqual([failed]);
    expect(receiver.to('/broken-test')).toHaveLength(1);
  });

  it('are listed page by page, changed member by member, and removed', async () => {
    const ids = [await subscribe('/list', ['failed'], { processID: 'noop', description: 'x' })];
    ids.push(await subscribe('/list', ['failed']));
    const listed: string[] = [];
    type Page = { subscriptions: Subscription[]; links: Subscription['links'] };
    for (let query: string | undefined = '?limit=3'; query !== undefined;) {
      const page: Page = await client.getJson<Page>(`/subscriptions${query}`);
      listed.push(...page.subscriptions.map(({ id }) => id));
      const next: Page['links'][number] | undefined = page.links.find(({ rel }) => rel === 'next');
      query = next && new URL(next.href).search;
    }
    expect(new Set(listed).size).toBe(listed.length);
    expect(listed.slice(-2)).toEqual(ids);

    const changes = { events: ['dismissed', 'dismissed'], processID: null, description: 'y' };
    const changed = (await (await send('PATCH', `/subscriptions/${ids[0]}`, changes)).json()) as object;
    expect(changed).toMatchObject({ events: ['dismissed'], description: 'y', url: receiver.url('/list') });
    expect(changed).not.toHaveProperty('processID');

    expect((await send('DELETE', `/subscriptions/${ids[0]}`)).status).toBe(204);
    for (const [method, path] of [
      ['GET', ''],
      ['PATCH', ''],
      ['DELETE', ''],
      ['POST', '/test'],
      ['GET', '/deliveries'],
    ]) {
      for (const id of [ids[0], MISSING, 'not-an-id']) {
        const response = await send(method, `/subscriptions/${id}${path}`, method === 'PATCH' ? {} : undefined);
        expect([response.status, ((await response.json()) as { type: string }).type]).toEqual([
          ...[404, 'https://sluice.dev/problems/no-such-subscription'],
        ]);
      }
    }
  });

  it('are refused with every violation', async () => {
    const bad = { url: 'ftp://x', events: ['nothing'], processID: [], secret: 'short', more: 1 };
    const response = await send('POST', '/subscriptions', bad);
    expect(response.status).toBe(400);
    const { errors } = (await response.json()) as { errors: { pointer: string; detail: string }[] };
    expect(errors.map(({ pointer }) => pointer).sort()).toEqual([
      ...['/events/0', '/more', '/processID', '/secret', '/url'],
    ]);
    for (const body of [
      {},
      [],
      { url: receiver.url('/x'), events: [] },
      { url: 'http://u:p@h/', events: ['failed'] },
    ]) {
      expect((await send('POST', '/subscriptions', body)).status).toBe(400);
    }
  });

  it('are at most MAX_SUBSCRIPTIONS', async () => {
    const codes: number[] = [];
    while (!codes.includes(409) && codes.length <= 30) {
      const response = await send('POST', '/subscriptions', { url: receiver.url('/x'), events: ['failed'] });
      codes.push(response.status);
    }
    expect(codes.at(-1)).toBe(409);
    const { subscriptions } = await client.getJson<{ subscriptions: Subscription[] }>('/subscriptions?limit=100');
    expect(subscriptions).toHaveLength(30);
    for (const { id } of subscriptions) await send('DELETE', `/subscriptions/${id}`);
  });

  it('can be had on the command line', async () => {
    const env = { SLUICE_URL: service.url() };
    const key = join(directory.path, 'hook.key');
    writeFileSync(key, `${SECRET}\n`);
    const url = receiver.url('/cli');
    const add = ['subscriptions', 'add', url, '-e', 'failed', '-e', 'dismissed', '--process', 'noop'];
    const added = await sluice([...add, '--secret', `@${key}`], { env });
    expect(added).toMatchObject({ code: 0, stderr: '' });
    const id = added.stdout.trim();
    expect((await sluice(['subscriptions'], { env })).stdout.split('\n')[1]).toMatch(
      new RegExp(`^${id} +yes +failed,dismissed +noop +${url}$`),
    );
    const listed = await sluice(['subscriptions', 'ls', '--json'], { env });
    expect(JSON.parse(listed.stdout)).toMatchObject({ subscriptions: [{ id, signed: true }] });
    expect((await sluice(['subscriptions', 'test', id], { env })).stdout).toBe('delivered, answered with 202\n');
    receiver.answer('/cli', () => 500);
    expect(await sluice(['subscriptions', 'test', id], { env })).toMatchObject({
      ...{ code: 2, stderr: 'Error: The test notification was not delivered. The subscriber answered with 500.\n' },
    });
    expect((await sluice(['subscriptions', 'rm', id], { env })).stdout).toBe(`${id}: removed\n`);
    expect((await sluice(['subscriptions', 'rm', id], { env })).code).toBe(2);
    expect((await sluice(['subscriptions'], { env })).stdout).toBe('No subscriptions.\n');
  });

  it('refuse private addresses unless a setting allows them, when asked for and when told', async () => {
    const id = await subscribe('/private', ['successful']);
    await receiver.down();
    await client.ended(await client.submit('noop', {}));
    await untilDelivery(id, { state: 'owed', attempts: 1, reason: 'The URL cannot be reached.' });
    await service.stop();
    await receiver.up();
    service = await Service.start({ ...settings, ALLOW_PRIVATE_REFERENCES: 'false' });
    client = new Client(service.url());
    const reason = 'The URL leads to an address that this service does not connect to.';
    await untilDelivery(id, { state: 'failed', reason });
    const response = await send('POST', '/subscriptions', { url: receiver.url('/private'), events: ['failed'] });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ pointer: '/url' }] });
    expect((await send('PATCH', `/subscriptions/${id}`, { url: 'http://localhost/' })).status).toBe(400);
    expect(receiver.to('/private')).toEqual([]);
  });
});

function matches(delivery: Delivery, members: Partial<Delivery>): boolean {
  return Object.entries(members).every(([name, value]) => delivery[name as keyof Delivery] === value);
}
