import type { Trigger, TriggerBounds } from '../processes/decorators/task-options.js';

/** How a task before this one ended. */
export type UpstreamEnd = 'successful' | 'skipped' | 'failed';

/** What a task does once all tasks before it have ended. `wait`: until somebody resumes the job for it. */
export type TriggerDecision = 'run' | 'skip' | 'fail' | 'wait';

/** Decides by the ends of the tasks before it. A skipped task counts as successful; without any before it a task runs. */
export function decide(when: Trigger, ends: readonly UpstreamEnd[], skipOnUpstreamSkip: boolean): TriggerDecision {
  if (skipOnUpstreamSkip && ends.includes('skipped')) return 'skip';
  if (when === 'manual_only') return 'wait';
  return ends.length === 0 || isMet(when, ends) ? 'run' : 'fail';
}

function isMet(when: Exclude<Trigger, 'manual_only'>, ends: readonly UpstreamEnd[]): boolean {
  const failed = ends.filter((end) => end === 'failed').length;
  const successful = ends.length - failed;
  if (typeof when === 'object') {
    return 'some_successful' in when
      ? isWithin(when.some_successful, successful, ends.length)
      : isWithin(when.some_failed, failed, ends.length);
  }
  switch (when) {
    case 'all_successful':
      return failed === 0;
    case 'all_failed':
      return successful === 0;
    case 'any_successful':
      return successful > 0;
    case 'any_failed':
      return failed > 0;
    case 'all_finished':
      return true;
    case 'not_all_skipped':
      return failed === 0 && ends.includes('successful');
  }
}

function isWithin({ atLeast = 0, atMost = Infinity }: TriggerBounds, count: number, all: number): boolean {
  const absolute = (bound: number) => (bound > 0 && bound < 1 ? bound * all : bound);
  return count >= absolute(atLeast) && count <= absolute(atMost);
}
