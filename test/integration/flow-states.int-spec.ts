import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { v7 as uuid } from 'uuid';
import { isTerminal } from '../../src/jobs/job-state.js';
import type { ClaimingWorker } from '../../src/jobs/limits/job-entrance.js';
import { compatibilityKey, type HeldLease } from '../../src/jobs/store/job-leases.js';
import { DomainError } from '../../src/ogc/problems/domain-error.js';
import type { JobSteps } from '../../src/tasks/job-steps.js';
import { type EventRow, type JobRow, type TestDatabase, TestDatabases } from '../harness/database.js';
import { step, TestSteps } from '../harness/steps.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

jest.setTimeout(180_000);

const place = temporaryDirectory('flow-states');
let databases: TestDatabases;
let store: TestDatabase;
let memory: TestSteps;

beforeAll(async () => {
  databases = await TestDatabases.start();
  store = await databases.open({ DATA_DIR: place.path, MAX_RECOVERIES: '2' });
  memory = new TestSteps(store);
});
afterAll(async () => {
  await databases.close();
  place.remove();
});

const worker: ClaimingWorker = {
  id: 'a-worker',
  lease: 60_000,
  known: [compatibilityKey('a-process', '1.0.0')],
  versionOf: () => '1.0.0',
};
const JOBS = 3;
const FAULT = { name: 'Error', message: 'no' };

/** Jobs of one kind, of which one may run at once; their steps want the same result. */
class World {
  readonly key = randomUUID();
  readonly ids: string[] = [];
  private readonly runs = new Map<string, { held: HeldLease; steps: JobSteps; active?: string }>();

  async open(): Promise<void> {
    const concurrency = { key: `process:${this.key}`, limit: 1, onLimit: 'queue' } as const;
    for (let n = 0; n < JOBS; n += 1) this.ids.push(await store.accepted({ id: uuid(), admission: { concurrency } }));
  }

  /** What somebody does to a job, as far as he can: a worker only while it believes that it runs it. */
  async act(name: string, job: number): Promise<void> {
    const id = this.ids[job];
    const run = this.runs.get(id);
    switch (name) {
      case 'claim': {
        const held = await store.entrance.claim(id, worker);
        if (held !== undefined) this.runs.set(id, { held, steps: memory.of(held) });
        return;
      }
      case 'pause':
        return await unlessEnded(() => memory.pauses.pause(id));
      case 'continue':
        return await unlessEnded(() => memory.pauses.resume(id, {}));
      case 'answer':
        return await unlessEnded(() => memory.pauses.resume(id, { task: 'ask', input: { ok: true } }));
      case 'dismiss':
        await store.cancellation.request(id);
        return;
      case 'wake':
        await memory.passTime(id);
        await store.slotQueue.wakeAll();
        return;
    }
    if (run === undefined) return;
    const { held, steps, active } = run;
    const waits = async (verdict: { do: string }) => {
      if (verdict.do === 'suspend') await memory.suspension.suspend(held);
    };
    switch (name) {
      case 'compute': {
        if (active !== undefined) return;
        const verdict = await steps.begin(step('compute', { cache: { key: this.key, scope: 'process' } }));
        if (verdict.do === 'run') run.active = 'compute';
        return await waits(verdict);
      }
      case 'ask': {
        if (active !== undefined) return;
        const request = { schema: {}, timeout: 3_600_000 };
        return await waits(await steps.begin(step('ask', { kind: 'input', request })));
      }
      case 'sleep':
        if (active !== undefined) return;
        return await waits(await steps.begin(step('nap', { kind: 'sleep', sleep: 3_600_000 })));
      case 'end':
      case 'break':
        if (active === undefined) return;
        run.active = undefined;
        await (name === 'end'
          ? steps.end({ key: active, end: 'completed', name: 'Completed', value: id })
          : steps.end({ key: active, end: 'failed', name: 'Failed', fault: FAULT }));
        return;
      case 'succeed':
        await store.completion.succeed(held, []);
        return;
      case 'fail':
        await store.completion.fail(held, 'Failed', { code: 'job-failed', detail: 'no' });
        return;
      case 'crash':
        await store.completion.crash(held, { code: 'crashed', detail: 'gone' });
        return;
      case 'confirm':
        await store.cancellation.confirm(held);
        return;
    }
  }
}

/** What is refused because of the state of a job is no fault of the service. */
async function unlessEnded(ask: () => Promise<unknown>): Promise<void> {
  await ask().catch((error: unknown) => {
    if (!(error instanceof DomainError)) throw error;
  });
}

interface StepRecord {
  readonly job_id: string;
  readonly key: string;
  readonly state_type: string;
  readonly state_name: string;
  readonly value: unknown;
  readonly cached_from: { readonly job: string } | null;
}

/** Which events may come after which, of those that say where a job stands. `accepted` comes first. */
const AFTER: Record<string, readonly string[]> = {
  accepted: ['started', 'suspended', 'paused', 'dismissed'],
  started: ['suspended', 'paused', 'successful', 'failed', 'crashed', 'dismiss-requested'],
  suspended: ['resumed', 'started', 'suspended', 'paused', 'dismissed'],
  paused: ['resumed', 'dismissed'],
  resumed: ['started', 'suspended', 'paused', 'dismissed'],
  crashed: ['started', 'suspended', 'paused', 'dismissed'],
  'dismiss-requested': ['dismissed'],
};

const operation = fc.record({
  name: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('claim', 'wake') },
    { weight: 5, arbitrary: fc.constantFrom('compute', 'end') },
    { weight: 3, arbitrary: fc.constantFrom('ask', 'answer', 'sleep', 'pause', 'continue', 'crash', 'break') },
    { weight: 1, arbitrary: fc.constantFrom('succeed', 'fail', 'dismiss', 'confirm') },
  ),
  job: fc.integer({ min: 0, max: JOBS - 1 }),
});

describe('the states of jobs with steps, limits and kept results', () => {
  it('keep their promises, whatever happens in whatever order', async () => {
    const reached = new Set<string>();
    const property = fc.asyncProperty(fc.array(operation, { minLength: 10, maxLength: 40 }), async (operations) => {
      const world = new World();
      await world.open();
      const ends = new Map<string, JobRow>();
      const results = new Map<string, StepRecord>();
      for (const { name, job } of operations) {
        await world.act(name, job);
        const rows = await store.query<JobRow>('SELECT * FROM job WHERE id = ANY($1)', [world.ids]);
        for (const row of rows) {
          reached.add(`${row.state_type}/${row.state_name}`);
          // P5: what has ended stays as it is.
          if (ends.has(row.id)) expect(row).toEqual(ends.get(row.id));
          if (isTerminal(row.state_type)) ends.set(row.id, row);
          expect(row.finished_at !== null).toBe(isTerminal(row.state_type));
          expect(row.lease_until !== null).toBe(row.state_type === 'RUNNING' || row.state_type === 'CANCELLING');
        }
        // T14: the limit.
        expect(rows.filter(({ lease_until: lease }) => lease !== null).length).toBeLessThanOrEqual(1);
        const steps = await store.query<StepRecord>(
          `SELECT job_id, key, state_type, state_name, value, cached_from FROM task_run WHERE job_id = ANY($1)`,
          [world.ids],
        );
        for (const record of steps) {
          reached.add(`step ${record.state_name}`);
          // P2: a step with a result is not run again, and a kept result is that of its origin.
          const id = `${record.job_id}/${record.key}`;
          if (results.has(id)) expect(record).toEqual(results.get(id));
          if (record.state_type === 'COMPLETED') results.set(id, record);
          if (record.state_name === 'Cached') expect(record.value).toBe(record.cached_from?.job);
        }
        // T16: one computes.
        expect(
          steps.filter(
            ({ state_name: state, value }) => state === 'Completed' && value !== null && typeof value === 'string',
          ).length,
        ).toBeLessThanOrEqual(1);
      }
      for (const id of world.ids) {
        const history = await store.history(id);
        expect(history.map(({ seq }) => seq)).toEqual(history.map((_, index) => index + 1));
        expect((await store.row(id)).seq).toBe(history.length);
        const types = history.map(({ type }) => type).filter((_, index) => isStand(history, index));
        const steps = types.slice(1).map((type, index) => [types[index], type]);
        expect(steps.filter(([from, to]) => !(AFTER[from] ?? []).includes(to))).toEqual([]);
      }
    });
    // Ways that chance seldom finds to the states below.
    const of = (job: number, ...names: string[]) => names.map((name) => ({ name, job }));
    const cached = [...of(0, 'claim', 'compute', 'end', 'succeed'), ...of(1, 'claim', 'compute', 'sleep', 'wake')];
    const stopped = [...of(0, 'claim', 'crash', 'pause', 'continue', 'claim', 'ask', 'answer'), ...of(1, 'claim')];
    const failed = [
      ...of(0, 'claim', 'compute'),
      ...of(1, 'claim'),
      ...of(0, 'break', 'fail'),
      ...of(1, 'wake', 'claim'),
    ];
    const undecided = of(0, 'claim', 'pause', 'continue', 'pause', 'ask', 'continue', 'claim', 'succeed');
    const examples = [cached, stopped, failed, undecided].map((sequence): [typeof sequence] => [sequence]);
    await fc.assert(property, { numRuns: 40, examples });

    expect([...reached]).toEqual(
      expect.arrayContaining([
        'SCHEDULED/AwaitingConcurrencySlot',
        'SCHEDULED/AwaitingRecovery',
        'SCHEDULED/Sleeping',
        'PAUSED/Suspended',
        'PAUSED/Paused',
        'COMPLETED/Completed',
        'step AwaitingInput',
        'step Cached',
        'step Completed',
        'step Failed',
      ]),
    );
  });
});

const STANDS = new Set(['accepted', ...Object.values(AFTER).flat()]);

/** Whether an event says where its job stands. The end of a pause does not where the job has gone on running all the time. */
function isStand(history: readonly EventRow[], index: number): boolean {
  const [last] = history
    .slice(0, index)
    .filter(({ type }) => type === 'pause-requested' || STANDS.has(type))
    .slice(-1);
  return STANDS.has(history[index].type) && !(history[index].type === 'resumed' && last?.type === 'pause-requested');
}
