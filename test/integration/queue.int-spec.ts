import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Worker } from 'bullmq';
import { IsString } from 'class-validator';
import { Settings } from '../../src/config/settings.js';
import { Input } from '../../src/processes/decorators/input.decorator.js';
import { Output } from '../../src/processes/decorators/output.decorator.js';
import { Process } from '../../src/processes/decorators/process.decorator.js';
import type { JobContext } from '../../src/processes/job-context.js';
import type { ProcessHandler } from '../../src/processes/process-handler.js';
import { Dispatcher } from '../../src/queues/dispatcher.js';
import { entryId, JOB_QUEUE } from '../../src/queues/job-queue.js';
import { JobRunner } from '../../src/queues/job-runner.js';
import { NodeIdentity } from '../../src/queues/node-identity.js';
import { SluiceModule } from '../../src/sluice.module.js';
import { eventually, RedisServer, testedBackends } from '../harness/backends.js';
import { newJob, type TestDatabase, TestDatabases } from '../harness/database.js';
import { TestQueue } from '../harness/job-queue.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

jest.setTimeout(60_000);

class GateInputs {
  @Input({ title: 'Word' })
  @IsString()
  word!: string;
}

class GateOutputs {
  @Output({ title: 'Word' })
  word!: string;
}

/** Runs until the test opens the gate, or until it is told to stop. */
@Process({
  id: 'gate',
  version: '1.0.0',
  title: 'Gate',
  inputs: GateInputs,
  outputs: GateOutputs,
  isolation: 'inline',
})
class Gate implements ProcessHandler<GateInputs, GateOutputs> {
  /** Jobs that stand at the gate, in the order of their coming; called with what lets them through. */
  static readonly standing = new Map<string, () => void>();
  static runs: string[] = [];
  static most = 0;

  async execute({ word }: GateInputs, { jobId, signal }: JobContext): Promise<GateOutputs> {
    Gate.runs.push(jobId);
    await new Promise<void>((open, stop) => {
      Gate.standing.set(jobId, open);
      Gate.most = Math.max(Gate.most, Gate.standing.size);
      signal.addEventListener('abort', () => stop(signal.reason as Error), { once: true });
    }).finally(() => Gate.standing.delete(jobId));
    return { word };
  }
}

@Module({ providers: [Gate] })
class GateModule {}

const place = temporaryDirectory('queue');
let databases: TestDatabases;

beforeAll(async () => {
  databases = await TestDatabases.start();
});
afterAll(async () => {
  await databases.close();
  place.remove();
});

describe.each(testedBackends())('the work queue on %s', (backend) => {
  const nodes = new Set<INestApplicationContext>();
  let redis: RedisServer | undefined;
  let store: TestDatabase;

  beforeEach(async () => {
    Gate.runs = [];
    Gate.most = 0;
    redis = backend === 'redis' ? await RedisServer.start() : undefined;
    store = await databases.open({
      DATA_DIR: place.path,
      DATABASE_POOL: '4',
      WORKER_CONCURRENCY: '2',
      SUPERVISOR_INTERVAL: '200ms',
      EXECUTOR_WARM: '0',
      ...(redis && { REDIS_URL: redis.url }),
    });
  });
  afterEach(async () => {
    for (const node of nodes) await stop(node);
    await redis?.down();
  });

  /** Starts a worker, with what a worker has, in this operating-system process. */
  async function start(overrides: Partial<Settings> = {}): Promise<INestApplicationContext> {
    const settings = new Settings({ ...store.settings, ...overrides });
    @Module({ imports: [await SluiceModule.forWorker({ settings, catalog: false }), GateModule] })
    class NodeModule {}
    const node = await NestFactory.createApplicationContext(NodeModule, { logger: false, abortOnError: false });
    nodes.add(node);
    return node;
  }

  async function stop(node: INestApplicationContext): Promise<void> {
    nodes.delete(node);
    await node.close();
  }

  async function submit(node: INestApplicationContext): Promise<string> {
    const job = newJob({ processId: 'gate', inputs: { word: 'open' } });
    await store.acceptance.accept(job);
    node.get(Dispatcher, { strict: false }).dispatch({ id: job.id, dispatches: 1 });
    return job.id;
  }

  const stands = (id: string) =>
    eventually(() => Promise.resolve(Gate.standing.get(id)), `job ${id} stands at the gate`);

  const is = (id: string, state: string) =>
    eventually(async () => ((await store.row(id)).state_type === state ? true : undefined), `job ${id} is ${state}`);

  it('brings a job to a worker, and its result to the database', async () => {
    const id = await submit(await start());
    (await stands(id))();
    await is(id, 'COMPLETED');
    expect(await store.reader.outputs(id)).toMatchObject([{ output_id: 'word', value: 'open' }]);
    expect((await store.history(id)).map(({ type }) => type)).toEqual(['accepted', 'started', 'successful']);
  });

  it('runs WORKER_CONCURRENCY jobs at once on a node, and no more', async () => {
    const node = await start();
    const ids = [];
    for (let n = 0; n < 6; n += 1) ids.push(await submit(node));
    for (let done = 0; done < ids.length; done += 1) {
      const expected = Math.min(2, ids.length - done);
      await eventually(
        () => Promise.resolve(Gate.standing.size === expected || undefined),
        `${expected} job(s) stand at the gate`,
      );
      const [[id, open]] = Gate.standing;
      open();
      await is(id, 'COMPLETED');
    }
    expect(Gate.most).toBe(2);
    expect([...Gate.runs].sort()).toEqual([...ids].sort());
  });

  it('takes a job that began where it was accepted and found no place there', async () => {
    const node = await start();
    const held = [await submit(node), await submit(node)];
    for (const id of held) await stands(id);
    const job = newJob({ processId: 'gate', inputs: { word: 'open' } });
    await store.acceptance.acceptRunning(job, node.get(NodeIdentity, { strict: false }).id, 15_000);
    const { id, processId, inputs, response } = job;
    const runner = node.get(JobRunner, { strict: false });
    expect(await runner.runSoon({ id, epoch: 1, processId, inputs, response })).toEqual({ kind: 'open' });
    expect(Gate.runs).not.toContain(id);
    Gate.standing.get(held[0])!();
    (await stands(id))();
    await is(id, 'COMPLETED');
    expect((await store.history(id)).map(({ type }) => type)).toEqual([
      'accepted',
      'started',
      'handed-back',
      'started',
      'successful',
    ]);
    expect(await store.row(id)).toMatchObject({ recoveries: 0, dispatches: 2 });
    Gate.standing.get(held[1])!();
    await is(held[1], 'COMPLETED');
  });

  it('shares the jobs among the nodes, and runs each one once', async () => {
    const [one, other] = [await start(), await start()];
    const ids = [];
    for (let n = 0; n < 4; n += 1) ids.push(await submit(n % 2 === 0 ? one : other));
    for (const id of ids) await stands(id);
    const owners = await Promise.all(ids.map(async (id) => (await store.row(id)).worker_id));
    expect(new Set(owners).size).toBe(2);
    for (const open of [...Gate.standing.values()]) open();
    for (const id of ids) await is(id, 'COMPLETED');
    expect([...Gate.runs].sort()).toEqual([...ids].sort());
  });

  it('takes an entry again whose worker lost its lock before it claimed the job', async () => {
    const queue = await TestQueue.open(store);
    const job = await store.accepted({ processId: 'gate', inputs: { word: 'open' } });
    const dispatcher = new Dispatcher(queue.queue);
    dispatcher.dispatch({ id: job, dispatches: 1 });
    await dispatcher.flush();
    // This worker takes the entry and says nothing more.
    const mute = new Worker(JOB_QUEUE, undefined, {
      connection: queue.connection.options,
      autorun: false,
      lockDuration: 100,
    });
    mute.on('error', () => undefined);
    expect((await mute.getNextJob('mute', { block: false }))?.id).toBe(entryId(job, 1));
    await mute.close(true);
    await start();
    (await stands(job))();
    await is(job, 'COMPLETED');
    await queue.close();
    expect(Gate.runs).toEqual([job]);
  });

  it('drains a node that stops: what ends in time ends there, the rest is handed back and done by another', async () => {
    const [node, other] = [await start({ SHUTDOWN_GRACE: 500 }), await start({ WORKER_CONCURRENCY: 1 })];
    void other;
    const [ends, stays] = [await submit(node), await submit(node)];
    const open = await stands(ends);
    await stands(stays);
    const holders = new Set(await Promise.all([ends, stays].map(async (id) => (await store.row(id)).worker_id)));
    const closing = stop(node);
    open();
    await closing;
    await is(ends, 'COMPLETED');
    (await stands(stays))();
    await is(stays, 'COMPLETED');
    expect(holders.size).toBeGreaterThan(0);
    expect(await store.row(stays)).toMatchObject({ recoveries: 0, state_name: 'Completed' });
  });

  it('lets a node stop while the queue is away', async () => {
    const node = await start({ SHUTDOWN_GRACE: 200 });
    const id = await submit(node);
    await stands(id);
    await (redis ? redis.down() : Promise.resolve());
    await stop(node);
    if (redis) await redis.up();
    expect(await store.row(id)).toMatchObject({ state_type: 'SCHEDULED', dispatches: 2, recoveries: 0 });
  });
});
