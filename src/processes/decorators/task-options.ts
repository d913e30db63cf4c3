import type { Type } from '@nestjs/common';
import type { CacheOptions, Duration, RetryOptions } from './process-options.js';

/**
 * Which ends of the tasks named in `after` let a task run. A skipped task counts as successful.
 *
 * - `all_successful` (default), `all_failed`, `any_successful`, `any_failed`
 * - `all_finished`: however they ended
 * - `not_all_skipped`: all were successful, and at least one of them was not skipped
 * - `manual_only`: when somebody resumes the job for it
 * - `some_successful`, `some_failed`: at least and at most so many of them; a number between 0 and 1 is a share of them
 */
export type Trigger =
  | 'all_successful'
  | 'all_failed'
  | 'any_successful'
  | 'any_failed'
  | 'all_finished'
  | 'not_all_skipped'
  | 'manual_only'
  | { readonly some_successful: TriggerBounds }
  | { readonly some_failed: TriggerBounds };

/** How many tasks it takes: a whole number, or a share between 0 and 1. */
export interface TriggerBounds {
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** Caching of the results of a task. */
export interface TaskCacheOptions extends CacheOptions {
  /** What makes two calls the same. Default: the arguments. @returns a JSON value */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the arguments are those of the task, which options cannot name
  key?: (...args: any[]) => unknown;
  /**
   * Who may use the result: the same job; this task in every job of this version of the process (`process`, the default);
   * or, where `key` is given, every task there whose cache is `global` and whose key is the same.
   */
  scope?: 'job' | 'process' | 'global';
}

/** At most `limit` tasks with this `key` run at once, over all processes, jobs and nodes. With 0 such tasks fail. */
export interface TaskConcurrency {
  readonly key: string;
  readonly limit: number;
}

/** What can be said of any step. */
export interface StepOptions {
  /** What happens when it throws. Default: it fails at once. */
  retry?: RetryOptions;
  /** Time limit of one attempt, running time only. `context.signal` inside of the step is aborted when it passes. */
  timeout?: Duration;
  /** Shown to people, and to filter by. */
  tags?: readonly string[];
  /** Class of the result, or of its items: what comes out of the memory of the job is turned into instances of it. */
  returns?: Type;
}

/** Options of `@Task()`. */
export interface TaskOptions extends StepOptions {
  /** Default: the name of the method. It is part of the memory of jobs: renaming a task makes running jobs drift. */
  name?: string;
  cache?: TaskCacheOptions;
  concurrency?: readonly TaskConcurrency[];
  /** Names of the tasks whose results this one is called with; for `context.runTasks`. */
  after?: readonly string[];
  /** Which ends of the tasks in `after` let this one run. Default `all_successful`. */
  when?: Trigger;
  /** Whether the task is skipped when one of `after` was. Default true, with `not_all_skipped` false. */
  skipOnUpstreamSkip?: boolean;
  /** What happens when the task is called with other arguments than before, after the job was resumed. Default `fail`. */
  onDrift?: 'fail' | 'rerun';
  /** The task's database writes and the record of its end are one transaction. Only for `isolation: 'inline'`. */
  transactional?: boolean;
}
