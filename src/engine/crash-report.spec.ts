import { describe, expect, it } from '@jest/globals';
import { describeEnd } from './crash-report.js';
import { MEMORY_NOTICE } from './executor-watchdog.js';
import { formatBytes, formatDuration } from './quantities.js';

const end = { code: null, signal: null, stderr: '', memory: 1024 ** 3 };
const memory = 'out of memory: limit 1 GiB (EXECUTOR_MEMORY)';

describe('describeEnd', () => {
  it.each([
    [{ code: 3 }, 'the process called process.exit(3)'],
    [{ signal: 'SIGKILL' as const }, 'killed by SIGKILL'],
    [{ signal: 'SIGSEGV' as const }, 'native code crashed (SIGSEGV)'],
    [{ signal: 'SIGKILL' as const, stderr: `${MEMORY_NOTICE}\n` }, memory],
    [
      { signal: 'SIGABRT' as const, stderr: 'x\nFATAL ERROR: Reached heap limit Allocation failed - JavaScript heap' },
      memory,
    ],
    [{ code: 1, fatal: 'uncaught exception: oh' }, 'uncaught exception: oh'],
  ])('says of %j: %s', (given, words) => expect(describeEnd({ ...end, ...given })).toBe(words));
});

describe('quantities', () => {
  it('are written as the settings write them', () => {
    expect([1024 ** 3, 1536 * 1024, 10, 0].map(formatBytes)).toEqual(['1 GiB', '1536 KiB', '10 B', '0 B']);
    expect([3_600_000, 90_000, 1_500, 0].map(formatDuration)).toEqual(['1 h', '90 s', '1500 ms', '0 ms']);
  });
});
