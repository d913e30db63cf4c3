import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { TestStorages } from '../../test/harness/storages.js';
import { MemoryStorage } from '../storage/memory/memory-storage.js';
import { StorageError } from '../storage/storage-error.js';
import type { StoredObject } from '../storage/storage.js';
import { StorageDesk } from './storage-desk.js';

/** Is away for some requests. */
class FlickeringStorage extends MemoryStorage {
  refusals = 0;

  override stat(key: string): Promise<StoredObject> {
    this.refusals -= 1;
    return this.refusals < 0 ? super.stat(key) : Promise.reject(new StorageError('unavailable', key));
  }
}

describe(StorageDesk.name, () => {
  const { signal } = new AbortController();
  const stat = { storage: 's3/data', operation: 'stat', key: 'a' } as const;
  let storage: FlickeringStorage;
  let lines: string[];
  beforeEach(async () => {
    [storage, lines] = [new FlickeringStorage(), []];
    await storage.put('a', Buffer.from('1'));
    jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  function desk(patience: number): StorageDesk {
    const storages = new TestStorages();
    storages.add('s3/data', storage);
    const description = {
      id: 'p',
      version: '1.0.0',
      jobControlOptions: [],
      outputTransmission: [],
      inputs: {},
      outputs: {},
    };
    const policy = { isolation: 'child', syncJobs: true, storages: ['s3/data', 's3/none'] } as const;
    const observer = { log: ({ message }: { message: string }) => void lines.push(message) };
    return new StorageDesk(storages, { description, policy }, { directory: '/d' }, observer, patience);
  }

  it('waits out an outage, for executors and for code in this process, and says once what it waits for', async () => {
    const said = 'Waits for the storage s3/data: a cannot be reached at the moment.';
    storage.refusals = 2;
    expect(await desk(60_000).carryOut(stat, signal)).toMatchObject({ objects: [{ key: 'a' }] });
    expect(lines).toEqual([said]);
    storage.refusals = 1;
    expect(await desk(60_000).of('s3/data', { signal }).stat('a')).toMatchObject({ key: 'a' });
    expect(lines).toEqual([said, said]);
  });

  it('gives up when the outage lasts longer than its patience', async () => {
    storage.refusals = 10;
    const message = 'a cannot be reached at the moment';
    expect(await desk(0).carryOut(stat, signal)).toEqual({ fault: 'unavailable', message });
    expect(lines).toEqual([]);
  });

  it('does not wait for what time does not heal', async () => {
    const fault = await desk(60_000).carryOut({ ...stat, key: 'b' }, signal);
    expect(fault).toMatchObject({ fault: 'not-found' });
    expect(await desk(60_000).carryOut({ ...stat, storage: 's3/none' }, signal)).toMatchObject({
      fault: 'misconfigured',
    });
  });

  it('waits no longer than the run lasts', async () => {
    storage.refusals = Infinity;
    const run = new AbortController();
    const answer = desk(60_000).carryOut(stat, run.signal);
    run.abort(new Error('the run has ended'));
    expect(await answer).toEqual({ error: 'The execution has ended' });
  });
});
