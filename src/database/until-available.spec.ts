import { describe, expect, it } from '@jest/globals';
import { untilAvailable } from './until-available.js';

const away = () => Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

/** An operation that fails with each of the errors in turn, then gives `done`; it counts its calls. */
function scripted(...errors: Error[]) {
  const operation = () => {
    operation.calls += 1;
    const error = errors.shift();
    return error === undefined ? Promise.resolve('done') : Promise.reject(error);
  };
  operation.calls = 0;
  return operation;
}

describe('untilAvailable', () => {
  it('passes a result on, after one call', async () => {
    const operation = scripted();
    expect(await untilAvailable(operation)).toBe('done');
    expect(operation.calls).toBe(1);
  });

  it('repeats what failed because the database is away', async () => {
    const operation = scripted(away(), away());
    expect(await untilAvailable(operation)).toBe('done');
    expect(operation.calls).toBe(3);
  });

  it('passes any other error on at once, also after an outage', async () => {
    const violation = Object.assign(new Error('duplicate key'), { code: '23505' });
    const operation = scripted(away(), violation, away());
    await expect(untilAvailable(operation)).rejects.toBe(violation);
    expect(operation.calls).toBe(2);
  });

  it('stops waiting when it is told to', async () => {
    const stop = new AbortController();
    const operation = () => {
      stop.abort(new Error('shutdown'));
      return Promise.reject(away());
    };
    await expect(untilAvailable(operation, stop.signal)).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('tries at least once when it was told to stop before', async () => {
    expect(await untilAvailable(scripted(), AbortSignal.abort())).toBe('done');
  });
});
