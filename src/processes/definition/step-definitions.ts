import { z } from 'zod';
import type { RetryOptions } from '../decorators/process-options.js';
import type { TaskMark } from '../decorators/task-mark.js';
import type { StepOptions, Trigger, TriggerBounds } from '../decorators/task-options.js';
import { DURATION_WORDS, LONGEST_TIMER, parseDuration } from './duration.js';
import { issueText } from './issue-text.js';
import type { ProcessCachePolicy, ProcessConcurrencyPolicy, RetryPolicy } from './policies.js';
import type { StepDefinition, TaskCachePolicy, TaskDefinition } from './task-definition.js';

const duration = (least: number, most = Number.MAX_SAFE_INTEGER) =>
  z.unknown().transform((value, context) => {
    const milliseconds = parseDuration(value);
    if (milliseconds !== undefined && milliseconds >= least && milliseconds <= most) return milliseconds;
    const bounds = most === LONGEST_TIMER ? ', up to 24d' : '';
    context.addIssue(
      `must be ${DURATION_WORDS}${bounds}; this is ${typeof value === 'number' ? value : (JSON.stringify(value) ?? String(value))}.`,
    );
    return z.NEVER;
  });

const callable = <Callable>() =>
  z.custom<Callable>((value) => typeof value === 'function', { error: 'must be a function.' });

const retry = z
  .strictObject({
    attempts: z.int().min(1).max(100),
    delay: z
      .unknown()
      .transform((value, context): RetryPolicy['delay'] => {
        if (value === undefined) return 1_000;
        if (typeof value === 'function') return value as (attempt: number, error: unknown) => number;
        const delays = (Array.isArray(value) ? value : [value]).map(parseDuration);
        if (delays.length > 0 && delays.every((delay) => delay !== undefined)) {
          return Array.isArray(value) ? delays : delays[0];
        }
        context.addIssue(`must be ${DURATION_WORDS}, a list of them, or a function that returns milliseconds.`);
        return z.NEVER;
      })
      .default(1_000),
    factor: z.number().min(1).max(100).optional(),
    jitter: z.number().min(0).max(10).default(0),
    maxDelay: duration(100).optional(),
    retryIf: callable<NonNullable<RetryOptions['retryIf']>>().optional(),
  })
  .superRefine(({ delay, factor }, context) => {
    if (factor !== undefined && typeof delay !== 'number') {
      context.addIssue({ code: 'custom', path: ['factor'], message: 'goes with a single delay; remove one of them.' });
    }
  })
  .transform(({ factor = 1, maxDelay = Infinity, ...policy }): RetryPolicy => ({ ...policy, factor, maxDelay }));

const cacheMembers = { ttl: duration(1).optional(), refresh: z.boolean().default(false) };

/** The service reads the inputs with it, and calls no code of processes that run elsewhere. */
const template = z.string({
  error: 'must be a text with ids of inputs in braces, such as `{region}`; the service runs no function for it.',
});

const processCache = z.strictObject({ ...cacheMembers, key: template.optional() });

const processConcurrency = z.strictObject({
  limit: z.int().min(1),
  key: template.optional(),
  onLimit: z.enum(['queue', 'cancelNew', 'cancelRunning']).default('queue'),
});

const bound = z.number().min(0);
const bounds = z
  .strictObject({ atLeast: bound.optional(), atMost: bound.optional() })
  .refine(({ atLeast, atMost }) => atLeast !== undefined || atMost !== undefined, {
    error: 'needs atLeast or atMost.',
  });

const trigger = z.union(
  [
    z.enum([
      'all_successful',
      'all_failed',
      'any_successful',
      'any_failed',
      'all_finished',
      'not_all_skipped',
      'manual_only',
    ]),
    z.strictObject({ some_successful: bounds }),
    z.strictObject({ some_failed: bounds }),
  ],
  {
    error:
      'must be all_successful, all_failed, any_successful, any_failed, all_finished, not_all_skipped, manual_only, or { some_successful | some_failed: { atLeast, atMost } }.',
  },
);

const text = z.string().min(1).max(200);
const stepMembers = {
  retry: retry.optional(),
  timeout: duration(1, LONGEST_TIMER).optional(),
  tags: z.array(text).max(50).default([]),
  returns: callable<NonNullable<StepOptions['returns']>>().optional(),
};

const step = z.strictObject(stepMembers);

const task = z
  .strictObject({
    ...stepMembers,
    // The characters that build keys stay out of names, so that no name can pass for a place in another step.
    name: z
      .string()
      .regex(/^[^/#[\]\p{Cc}]{1,100}$/u, 'must have 1 to 100 characters, and none of / # [ ].')
      .refine((name) => !['map', 'sleep'].includes(name), {
        error: 'must not be map or sleep, which are the names of steps of the context.',
      }),
    cache: z
      .strictObject({
        ...cacheMembers,
        key: callable<NonNullable<TaskCachePolicy['key']>>().optional(),
        scope: z.enum(['job', 'process', 'global']).default('process'),
      })
      .optional(),
    concurrency: z.array(z.strictObject({ key: text, limit: z.int().min(0) })).default([]),
    after: z.array(z.string()).optional(),
    when: trigger.optional(),
    skipOnUpstreamSkip: z.boolean().optional(),
    onDrift: z.enum(['fail', 'rerun']).default('fail'),
    transactional: z.boolean().default(false),
  })
  .superRefine(({ after, when, skipOnUpstreamSkip }, context) => {
    for (const [option, value] of Object.entries({ when, skipOnUpstreamSkip })) {
      if (value === undefined || (after?.length ?? 0) > 0) continue;
      context.addIssue({ code: 'custom', path: [option], message: 'needs `after` with the tasks it speaks of.' });
    }
    const { atLeast = 0 } = boundsOf(when);
    const count = after?.length ?? 0;
    if (count > 0 && atLeast > count) {
      const message = `asks for at least ${atLeast} of ${count} task(s) and is never met; lower atLeast, or name more tasks in \`after\`.`;
      context.addIssue({ code: 'custom', path: ['when'], message });
    }
  });

function boundsOf(when: Trigger | undefined): TriggerBounds {
  if (typeof when !== 'object') return {};
  return 'some_successful' in when ? when.some_successful : when.some_failed;
}

/** Hears of what is wrong with options, and how to mend it. */
export type OptionFaults = (path: string, detail: string) => void;

/** @returns undefined when faults were reported */
export function readRetry(options: unknown, faults: OptionFaults): RetryPolicy | undefined {
  return read(retry, options, 'retry', faults);
}

/** @returns undefined when faults were reported */
export function readProcessCache(options: unknown, faults: OptionFaults): ProcessCachePolicy | undefined {
  return read(processCache, options, 'cache', faults);
}

/** @returns undefined when faults were reported */
export function readProcessConcurrency(options: unknown, faults: OptionFaults): ProcessConcurrencyPolicy | undefined {
  return read(processConcurrency, options, 'concurrency', faults);
}

/** Options of a `context.run`. @throws TypeError that says what is wrong */
export function stepDefinition(options: StepOptions | undefined): StepDefinition {
  if (options === undefined) return { tags: [] };
  const details: string[] = [];
  const definition = read(step, options, '', (path, detail) => details.push(`${path} ${detail}`));
  if (definition === undefined) throw new TypeError(`Options of a step: ${details.join(' ')}`);
  return definition;
}

const known = new WeakMap<TaskMark, TaskDefinition>();

/** Options of a `@Task()`. @returns undefined when faults were reported */
export function readTask(mark: TaskMark, faults: OptionFaults): TaskDefinition | undefined {
  const read_ = known.get(mark);
  if (read_) return read_;
  const { method, options } = mark;
  const parsed = read(task, { name: method, ...options }, `tasks.${method}`, faults);
  if (parsed === undefined) return undefined;
  const when: Trigger = parsed.when ?? 'all_successful';
  const skipOnUpstreamSkip = parsed.skipOnUpstreamSkip ?? when !== 'not_all_skipped';
  const definition: TaskDefinition = { ...parsed, method, when, skipOnUpstreamSkip };
  known.set(mark, definition);
  return definition;
}

/** Options of a `@Task()` of any class. @throws TypeError that says what is wrong */
export function taskDefinition(mark: TaskMark): TaskDefinition {
  const details: string[] = [];
  const definition = readTask(mark, (path, detail) => details.push(`${path} ${detail}`));
  if (definition === undefined) throw new TypeError(`Options of @Task(): ${details.join(' ')}`);
  return definition;
}

function read<Schema extends z.ZodType>(
  schema: Schema,
  options: unknown,
  path: string,
  faults: OptionFaults,
): z.output<Schema> | undefined {
  const parsed = schema.safeParse(options);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    faults([path, ...issue.path].filter((part) => part !== '').join('.'), issueText(issue));
  }
  return undefined;
}
