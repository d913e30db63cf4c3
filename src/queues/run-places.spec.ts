import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import type { Settings } from '../config/settings.js';
import type { RegisteredProcess } from '../processes/registered-process.js';
import { RunPlaces } from './run-places.js';

const SHORT = processOf('inline');

/** Process `quick`; a flow where there are tasks. */
function processOf(isolation: 'inline' | 'child', tasks?: RegisteredProcess['tasks']): RegisteredProcess {
  return { description: { id: 'quick' }, policy: { isolation }, tasks } as unknown as RegisteredProcess;
}

/** Code that ends when it is told to. */
function gated(): { readonly code: () => Promise<string>; readonly open: () => void } {
  let open!: () => void;
  const gate = new Promise<void>((resolve) => (open = resolve));
  return { code: () => gate.then(() => 'through'), open };
}

describe('RunPlaces', () => {
  let places: RunPlaces;

  beforeEach(async () => {
    places = new RunPlaces({ WORKER_CONCURRENCY: 2 } as Settings);
    await places.run('quick', () => Promise.resolve());
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it('lets a job begin without the queue whose process was short the last time it ran', async () => {
    expect(places.canBegin(SHORT)).toBe(true);
    await places.run('quick', () => delay(30));
    expect(places.canBegin(SHORT)).toBe(false);
    await places.run('quick', () => Promise.resolve());
    expect(places.canBegin(SHORT)).toBe(true);
  });

  it('sends through the queue what has never run here, needs an executor, or is a flow', () => {
    expect(places.canBegin({ ...SHORT, description: { ...SHORT.description, id: 'unknown' } })).toBe(false);
    expect(places.canBegin(processOf('child'))).toBe(false);
    expect(places.canBegin(processOf('inline', []))).toBe(false);
  });

  it('lets none begin while all places are taken, by whatever came from the queue', async () => {
    const [one, other] = [gated(), gated()];
    const runs = [places.run('slow', one.code), places.run('slow', other.code)];
    expect(places.canBegin(SHORT)).toBe(false);
    one.open();
    await runs[0];
    expect(places.canBegin(SHORT)).toBe(true);
    other.open();
    await runs[1];
  });

  it('lets no more be on their way into the database than have a chance to run soon', async () => {
    jest.useFakeTimers();
    const last = gated();
    const run = places.run('quick', last.code);
    jest.advanceTimersByTime(5);
    last.open();
    await run;
    // They have run after 125 ms.
    const rows = Array.from({ length: 25 }, gated);
    const begun = rows.map(({ code }) => {
      expect(places.canBegin(SHORT)).toBe(true);
      return places.begin(code);
    });
    expect(places.canBegin(SHORT)).toBe(false);
    rows[0].open();
    await begun[0];
    expect(places.canBegin(SHORT)).toBe(true);
    for (const { open } of rows) open();
    await Promise.all(begun);
  });

  it('bounds also those whose run took no time at all', () => {
    jest.useFakeTimers();
    const open = gated();
    for (let n = 0; n < 200; n += 1) {
      expect(places.canBegin(SHORT)).toBe(true);
      void places.begin(open.code);
    }
    expect(places.canBegin(SHORT)).toBe(false);
  });

  it('runs no more of them at once than there are places, and each as one comes free', async () => {
    const gates = Array.from({ length: 3 }, gated);
    let running = 0;
    const runs = gates.map(({ code }) =>
      places.runSoon('quick', () => {
        running += 1;
        return code();
      }),
    );
    await Promise.resolve();
    expect(running).toBe(2);
    gates[0].open();
    await runs[0];
    expect(running).toBe(3);
    for (const { open } of gates) open();
    expect(await Promise.all(runs)).toEqual(['through', 'through', 'through']);
  });

  it('gives up a job for which no place comes free, and does not run it later', async () => {
    jest.useFakeTimers();
    const [one, other] = [gated(), gated()];
    const runs = [places.runSoon('quick', one.code), places.runSoon('quick', other.code)];
    const code = jest.fn(() => Promise.resolve('late'));
    const late = places.runSoon('quick', code);
    await jest.runAllTimersAsync();
    expect(await late).toBeUndefined();
    one.open();
    other.open();
    await Promise.all(runs);
    expect(code).not.toHaveBeenCalled();
  });

  it('has its place back when the code fails', async () => {
    await expect(places.runSoon('quick', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(places.run('quick', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await Promise.all([1, 2].map((n) => places.runSoon('quick', () => Promise.resolve(n))))).toEqual([1, 2]);
  });
});
