import { describe, expect, it } from '@jest/globals';
import type { OwedCallback } from './callback-queue.js';
import { CallbackSource } from './callback-source.js';

const makesWay = (members: Partial<OwedCallback>): boolean =>
  CallbackSource.prototype.makesWay({
    ...{ kind: 'inProgressUri', attempts: 3, holds_up: true },
    ...members,
  } as OwedCallback);

describe(CallbackSource.name, () => {
  it('gives progress up that holds up a later call, after three attempts', () => {
    expect(makesWay({})).toBe(true);
    expect(makesWay({ attempts: 2 })).toBe(false);
  });

  it('keeps trying to tell progress that nothing waits for, and a success that a later call waits for', () => {
    expect(makesWay({ holds_up: false })).toBe(false);
    expect(makesWay({ kind: 'successUri' })).toBe(false);
  });
});
