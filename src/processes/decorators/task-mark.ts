import type { TaskOptions } from './task-options.js';

/** What `@Task()` leaves at a method. */
export interface TaskMark {
  readonly method: string;
  readonly options: TaskOptions;
  /** Why this is no task: what the decorator was put on. */
  readonly fault?: string;
}
