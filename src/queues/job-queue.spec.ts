import { describe, expect, it } from '@jest/globals';
import { entryId } from './job-queue.js';

const JOB = 'd9f2b6a4-5c57-4a3e-9b0e-0f4a2f1d7c11';

describe('entryId', () => {
  it('is the same for the same dispatch, so that adding it twice is harmless', () => {
    expect(entryId(JOB, 3)).toBe(entryId(JOB, 3));
  });

  it('is new for each dispatch and each job, so that a finished entry swallows none', () => {
    const ids = [entryId(JOB, 1), entryId(JOB, 11), entryId(JOB, 2), entryId(JOB.replace('d9', 'd8'), 1)];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('is one that BullMQ takes: no colon, and not a plain number', () => {
    expect(entryId(JOB, 1)).toMatch(/^[^:]*[^:\d][^:]*$/);
  });
});
