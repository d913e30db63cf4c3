import type { Type } from '@nestjs/common';
import type { TaskConcurrency, Trigger } from '../decorators/task-options.js';
import type { RetryPolicy } from './policies.js';

/** What is known of any step, checked and with its defaults. Durations are milliseconds. */
export interface StepDefinition {
  readonly retry?: RetryPolicy;
  readonly timeout?: number;
  readonly tags: readonly string[];
  readonly returns?: Type;
}

/** `TaskCacheOptions`, checked. */
export interface TaskCachePolicy {
  readonly key?: (...args: unknown[]) => unknown;
  readonly scope: 'job' | 'process' | 'global';
  readonly ttl?: number;
  readonly refresh: boolean;
}

/** A method with `@Task()`, checked and with its defaults. */
export interface TaskDefinition extends StepDefinition {
  readonly name: string;
  /** the method's name */
  readonly method: string;
  readonly cache?: TaskCachePolicy;
  readonly concurrency: readonly TaskConcurrency[];
  /** absent: the task is not part of a declared graph, unless another names it */
  readonly after?: readonly string[];
  readonly when: Trigger;
  readonly skipOnUpstreamSkip: boolean;
  readonly onDrift: 'fail' | 'rerun';
  readonly transactional: boolean;
}

/** A method with `@OnState()`. */
export interface StateHook {
  readonly method: string;
  readonly states: readonly ('COMPLETED' | 'FAILED')[];
}

/** What a method with `@OnState()` is told. */
export interface StateChange {
  readonly state: StateHook['states'][number];
  readonly jobId: string;
  /** why it failed, in words */
  readonly message?: string;
}
