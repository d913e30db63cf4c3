import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { isTerminal, type StateType } from '../../src/jobs/job-state.js';
import { changedBy, decide, PLAIN_NAMES } from '../../src/jobs/state-machine.js';
import { type TestDatabase, TestDatabases } from '../harness/database.js';

jest.setTimeout(120_000);

const MAX_RECOVERIES = 2;
const FAULT = { code: 'crashed', detail: 'The executor died.' } as const;
const OUTPUT = { id: 'result', mediaType: 'application/json', value: 1 };

let databases: TestDatabases;
let store: TestDatabase;

beforeAll(async () => {
  databases = await TestDatabases.start();
  store = await databases.open({ MAX_RECOVERIES: String(MAX_RECOVERIES) });
});
afterAll(() => databases.close());

/** What the table of states says about a job, in memory. */
interface Model {
  state: StateType;
  epoch: number;
  recoveries: number;
  dispatches: number;
  logged: number;
  readonly events: string[];
}

/** One operation of somebody: on the model, and on the database. Both answer whether anything was changed. */
interface Operation {
  readonly name: string;
  /** 0: by the owner of the current epoch; -1, 1: by one that is stale, or not there yet */
  readonly shift: number;
}

/** Changes the model when the operation is allowed. @returns whether it is */
function expected(model: Model, { name, shift }: Operation): boolean {
  const { state } = model;
  const owns = shift === 0 && state === 'RUNNING';
  const standing = { type: state, name: PLAIN_NAMES[state] };
  const leadsTo = (type: StateType) => decide(standing, { type, name: PLAIN_NAMES[type] }).answer === 'accept';
  const allowed: Record<string, boolean> = {
    claim: leadsTo('RUNNING'),
    progress: owns,
    log: shift === 0,
    renew: shift === 0 && (state === 'RUNNING' || state === 'CANCELLING'),
    succeed: shift === 0 && leadsTo('COMPLETED'),
    fail: shift === 0 && leadsTo('FAILED'),
    crash: shift === 0 && leadsTo('CRASHED'),
    handBack: owns && leadsTo('SCHEDULED'),
    request: changedBy('CANCELLING').includes(state),
    confirm: shift === 0 && state === 'CANCELLING' && leadsTo('CANCELLED'),
    force: state === 'CANCELLING',
    redispatch: state === 'SCHEDULED',
  };
  // The same end said twice is answered as it was the first time, and changes nothing (T1).
  if (name === 'succeed' && shift === 0 && state === 'COMPLETED') return true;
  if (!allowed[name]) return false;
  const become = (next: StateType, event: string) => {
    model.state = next;
    model.events.push(event);
  };
  switch (name) {
    case 'claim':
      model.epoch += 1;
      become('RUNNING', 'started');
      break;
    case 'progress':
      model.events.push('progress');
      break;
    case 'log':
      model.logged += 1;
      break;
    case 'succeed':
      become('COMPLETED', 'successful');
      break;
    case 'fail':
      become('FAILED', 'failed');
      break;
    case 'crash':
      if (model.recoveries < MAX_RECOVERIES) become('SCHEDULED', 'crashed');
      else become('CRASHED', 'failed');
      model.recoveries += 1;
      model.dispatches += 1;
      break;
    case 'handBack':
      become('SCHEDULED', 'handed-back');
      model.dispatches += 1;
      break;
    case 'request':
      if (state === 'RUNNING') become('CANCELLING', 'dismiss-requested');
      else become('CANCELLED', 'dismissed');
      break;
    case 'force':
      model.epoch += 1;
      become('CANCELLED', 'dismissed');
      break;
    case 'confirm':
      become('CANCELLED', 'dismissed');
      break;
    case 'redispatch':
      model.dispatches += 1;
      break;
  }
  return true;
}

/** @returns whether the store says that it changed something */
async function actual(id: string, epoch: number, name: string): Promise<boolean> {
  const held = { id, epoch };
  switch (name) {
    case 'claim':
      return (await store.leases.claim(id, 'a-worker', 60_000)) !== undefined;
    case 'progress':
      return await store.journal.progress(held, 50);
    case 'log': {
      const count = async () => (await store.reader.logPage(id, ['info'], 1_000)).length;
      const before = await count();
      await store.journal.log(held, [{ level: 'info', message: 'x', time: new Date().toISOString() }]);
      return (await count()) > before;
    }
    case 'renew':
      return (await store.leases.renew([held], 60_000)).length > 0;
    case 'succeed':
      return await store.completion.succeed(held, [OUTPUT]);
    case 'fail':
      return await store.completion.fail(held, 'Failed', FAULT);
    case 'crash':
      return (await store.completion.crash(held, FAULT)) !== undefined;
    case 'handBack':
      return (await store.leases.handBack(held, 'shutdown')) !== undefined;
    case 'request':
      return (await store.cancellation.request(id)) !== undefined;
    case 'confirm':
      return await store.cancellation.confirm(held);
    case 'force':
      return await store.cancellation.force(id);
    case 'redispatch':
      return (await store.recovery.redispatch([id])).length > 0;
    default:
      throw new Error(`no operation ${name}`);
  }
}

/** Ends come seldom, so that most sequences are long before one of them decides. */
const operation: fc.Arbitrary<Operation> = fc.record({
  name: fc.oneof(
    { weight: 6, arbitrary: fc.constant('claim') },
    { weight: 4, arbitrary: fc.constantFrom('crash', 'handBack') },
    { weight: 3, arbitrary: fc.constantFrom('progress', 'log', 'renew', 'redispatch', 'confirm', 'force') },
    { weight: 1, arbitrary: fc.constantFrom('succeed', 'fail', 'request') },
  ),
  shift: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(-1, 1) }),
});

describe('the states of a job', () => {
  it('follow the table, whatever happens in whatever order: P5, events 1..n, outputs only with success', async () => {
    const reached = new Set<StateType>();
    const sequence = fc.array(operation, { minLength: 5, maxLength: 25 });
    const property = fc.asyncProperty(sequence, async (operations) => {
      const id = await store.accepted();
      const model: Model = {
        state: 'SCHEDULED',
        epoch: 0,
        recoveries: 0,
        dispatches: 1,
        logged: 0,
        events: ['accepted'],
      };
      let end: unknown;
      for (const step of operations) {
        const epoch = model.epoch + step.shift;
        expect([step, await actual(id, epoch, step.name)]).toEqual([step, expected(model, step)]);
        const row = await store.row(id);
        reached.add(row.state_type);
        expect(row).toMatchObject({
          state_type: model.state,
          epoch: model.epoch,
          recoveries: model.recoveries,
          dispatches: model.dispatches,
          seq: model.events.length,
        });
        if (end !== undefined) expect(row).toEqual(end);
        if (isTerminal(row.state_type)) end ??= row;
        expect(row.finished_at !== null).toBe(isTerminal(row.state_type));
        expect(row.expires_at !== null).toBe(isTerminal(row.state_type));
        expect(row.lease_until !== null).toBe(model.state === 'RUNNING' || model.state === 'CANCELLING');
      }
      const history = await store.history(id);
      expect(history.map(({ seq }) => seq)).toEqual(model.events.map((_, index) => index + 1));
      expect(history.map(({ type }) => type)).toEqual(model.events);
      expect(await store.reader.outputs(id)).toHaveLength(model.state === 'COMPLETED' ? 1 : 0);
    });
    // The longest way to an end, which chance seldom finds.
    const by = (name: string): Operation => ({ name, shift: 0 });
    const crashes = Array.from({ length: MAX_RECOVERIES + 1 }, () => [by('claim'), by('crash')]).flat();
    await fc.assert(property, { numRuns: 80, examples: [[crashes]] });

    // A property that never reaches an end says nothing about ends.
    expect([...reached].sort()).toEqual(
      ['CANCELLED', 'CANCELLING', 'COMPLETED', 'CRASHED', 'FAILED', 'RUNNING', 'SCHEDULED'].sort(),
    );
  });
});
