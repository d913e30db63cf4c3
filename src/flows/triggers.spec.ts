import { describe, expect, it } from '@jest/globals';
import type { Trigger } from '../processes/decorators/task-options.js';
import { decide, type UpstreamEnd } from './triggers.js';

const ENDS = { s: 'successful', f: 'failed', k: 'skipped' } as const;
const ends = (letters: string): UpstreamEnd[] => [...letters].map((letter) => ENDS[letter as keyof typeof ENDS]);

describe('triggers', () => {
  it.each<[Trigger, string, string]>([
    ['all_successful', 'ss sk kk', 'sf ff'],
    ['all_failed', 'ff', 'sf ss kf'],
    ['any_successful', 'ss sf kf', 'ff'],
    ['any_failed', 'sf ff kf', 'ss sk'],
    ['all_finished', 'ss sf ff kk', ''],
    ['not_all_skipped', 'ss sk', 'kk sf ff'],
    [{ some_successful: { atLeast: 2 } }, 'ss ssf skf', 'sf fff'],
    [{ some_successful: { atMost: 1 } }, 'sf fff', 'ss sk'],
    [{ some_successful: { atLeast: 0.5 } }, 'sf ss', 'sff'],
    [{ some_failed: { atLeast: 1, atMost: 2 } }, 'sf ffs', 'ss fff'],
    [{ some_failed: { atMost: 0.5 } }, 'sf ss', 'ff'],
  ])('%j runs after %s and not after %s', (trigger, running, failing) => {
    const words = (text: string) => text.split(' ').filter(Boolean);
    for (const word of words(running)) expect([word, decide(trigger, ends(word), false)]).toEqual([word, 'run']);
    for (const word of words(failing)) expect([word, decide(trigger, ends(word), false)]).toEqual([word, 'fail']);
  });

  it('manual_only waits for somebody', () => {
    expect(decide('manual_only', ends('sf'), false)).toBe('wait');
  });

  it('a task is skipped with one before it, whatever its trigger, unless it says otherwise', () => {
    for (const trigger of ['all_successful', 'any_failed', 'all_finished', 'manual_only'] as const) {
      expect(decide(trigger, ends('sk'), true)).toBe('skip');
    }
    expect(decide('all_finished', ends('sk'), false)).toBe('run');
  });

  it('a task without any before it runs', () => {
    expect(decide('any_failed', [], true)).toBe('run');
  });
});
