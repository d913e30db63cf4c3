import { describe, expect, it } from '@jest/globals';
import { OnState } from '../decorators/on-state.decorator.js';
import type { RetryOptions } from '../decorators/process-options.js';
import { Task } from '../decorators/task.decorator.js';
import type { TaskOptions } from '../decorators/task-options.js';
import { FaultCollector } from './invalid-process.error.js';
import { readProcessCache, readProcessConcurrency, readRetry } from './step-definitions.js';
import { readHooks, readTasks } from './task-definitions.js';

function faultsOf(handler: object, isolation: 'child' | 'inline' = 'child', syncJobs = true): string[] {
  const faults = new FaultCollector(() => 'a-flow');
  readTasks(handler, { isolation, syncJobs }, faults);
  readHooks(handler, faults);
  return faults.faults.map(({ path, detail }) => `${path} ${detail}`);
}

function withTask(options: unknown): object {
  class Sample {
    @Task(options as TaskOptions)
    work(): Promise<void> {
      return Promise.resolve();
    }
  }
  return new Sample();
}

const anyDecorator = Task() as unknown as PropertyDecorator;

describe('the tasks of a process', () => {
  it('are read with their defaults, those of base classes first', () => {
    class Base {
      @Task()
      first(): Promise<void> {
        return Promise.resolve();
      }
    }
    class Sample extends Base {
      @Task({ name: 'the second', retry: { attempts: 3 }, timeout: '10m', after: ['first'], when: 'not_all_skipped' })
      second(): Promise<void> {
        return Promise.resolve();
      }
    }
    const faults = new FaultCollector(() => 'a-flow');
    expect(readTasks(new Sample(), { isolation: 'child', syncJobs: true }, faults)).toEqual([
      {
        name: 'first',
        method: 'first',
        tags: [],
        concurrency: [],
        when: 'all_successful',
        skipOnUpstreamSkip: true,
        onDrift: 'fail',
        transactional: false,
      },
      expect.objectContaining({
        name: 'the second',
        method: 'second',
        timeout: 600_000,
        retry: { attempts: 3, delay: 1_000, factor: 1, jitter: 0, maxDelay: Infinity },
        after: ['first'],
        skipOnUpstreamSkip: false,
      }),
    ]);
    expect(faults.faults).toEqual([]);
  });

  it.each<[string, unknown, RegExp]>([
    ['a name that could be a key', { name: 'a/b' }, /tasks\.work\.name must have 1 to 100 characters, and none of/],
    ['a name of the context', { name: 'sleep' }, /tasks\.work\.name must not be map or sleep/],
    ['no attempt', { retry: { attempts: 0 } }, /tasks\.work\.retry\.attempts/],
    ['a delay of no length', { retry: { attempts: 2, delay: 'soon' } }, /retry\.delay must be milliseconds or a whole/],
    ['a factor for a list', { retry: { attempts: 2, delay: [1, 2], factor: 2 } }, /retry\.factor goes with a single/],
    ['a time limit beyond a timer', { timeout: '30d' }, /tasks\.work\.timeout must be .* up to 24d; this is "30d"/],
    ['a limit below nobody', { concurrency: [{ key: 'db', limit: -1 }] }, /tasks\.work\.concurrency\.0\.limit/],
    ['an unknown trigger', { after: [], when: 'sometimes' }, /tasks\.work\.when must be all_successful/],
    ['a trigger without tasks before it', { when: 'any_failed' }, /tasks\.work\.when needs `after`/],
    [
      'a trigger that is never met',
      { after: ['a', 'b'], when: { some_successful: { atLeast: 3 } } },
      /tasks\.work\.when asks for at least 3 of 2 task\(s\) and is never met; lower atLeast/,
    ],
    [
      'two limits for one key',
      {
        concurrency: [
          { key: 'db', limit: 1 },
          { key: 'db', limit: 2 },
        ],
      },
      /tasks\.work\.concurrency limits "db" to 2, and the task work limits it to 1; give both the same/,
    ],
    ['an unknown option', { retries: 3 }, /tasks\.work has members .*: retries; remove them/],
    ['an unknown task before it', { after: ['wrok'] }, /tasks\.work\.after names "wrok".*its tasks are work/],
    ['itself before it', { after: ['work'] }, /tasks wait for each other: work -> work/],
    ['a transaction in an executor', { transactional: true }, /transactional shares a database.*isolation: 'inline'/],
  ])('must not have %s', (_, options, expected) => {
    expect(faultsOf(withTask(options))).toEqual([expect.stringMatching(expected)]);
  });

  it('are not the process itself', () => {
    class Sample {
      @Task()
      execute(): Promise<void> {
        return Promise.resolve();
      }
    }
    expect(faultsOf(new Sample())).toEqual([
      expect.stringMatching(/^tasks\.execute is the process itself.*put @Task\(\) on/),
    ]);
  });

  it('may share a transaction in the event loop of the service', () => {
    expect(faultsOf(withTask({ transactional: true }), 'inline')).toEqual([]);
  });

  it('must not share the transaction of a record that is not kept', () => {
    expect(faultsOf(withTask({ transactional: true }), 'inline', false)).toEqual([
      expect.stringMatching(/transactional shares the transaction.*syncJobs: false/),
    ]);
  });

  it('must have different names', () => {
    class Sample {
      @Task({ name: 'load' })
      first(): Promise<void> {
        return Promise.resolve();
      }

      @Task({ name: 'load' })
      second(): Promise<void> {
        return Promise.resolve();
      }
    }
    expect(faultsOf(new Sample())).toEqual([
      'tasks.second.name is "load", as that of the task first; give one of them another name.',
    ]);
  });

  it('must not wait for each other', () => {
    class Ring {
      @Task({ after: ['c'] })
      a(): Promise<void> {
        return Promise.resolve();
      }

      @Task({ after: ['a'] })
      b(): Promise<void> {
        return Promise.resolve();
      }

      @Task({ after: ['b'] })
      c(): Promise<void> {
        return Promise.resolve();
      }
    }
    expect(faultsOf(new Ring())).toEqual([
      'tasks wait for each other: a -> b -> c -> a; take one of them out of an `after`.',
    ]);
  });

  it('are methods, and stay tasks in a subclass', () => {
    class Wrong {
      @anyDecorator
      property = 1;

      @anyDecorator
      static shared(): void {}
    }
    class Base {
      @Task()
      work(): Promise<string> {
        return Promise.resolve('base');
      }
    }
    class Sub extends Base {
      override work(): Promise<string> {
        return Promise.resolve('sub');
      }
    }
    expect(faultsOf(new Wrong())).toEqual([
      'tasks.property is no method; put @Task() on an asynchronous method.',
      'tasks.shared is static; make it a method of the instances.',
    ]);
    expect(faultsOf(new Sub())).toEqual([
      'tasks.work overrides a task of the base class without being one; put @Task() on it.',
    ]);
  });

  it('stand beside hooks for states that there are', () => {
    class Sample {
      @OnState('COMPLETED', 'FAILED')
      good(): void {}

      @OnState('LATE' as never)
      bad(): void {}

      @OnState()
      empty(): void {}
    }
    expect(faultsOf(new Sample())).toEqual([
      'hooks.bad must name states of COMPLETED, FAILED; it names LATE.',
      'hooks.empty must name states of COMPLETED, FAILED; it names none.',
    ]);
  });
});

describe('policies of a process', () => {
  const refuse = (path: string, detail: string): never => {
    throw new Error(`${path} ${detail}`);
  };

  it('are read with their defaults', () => {
    const delay = (attempt: number) => attempt;
    const retry: RetryOptions = { attempts: 3, delay: ['1s', 5], jitter: 0.3, maxDelay: '1h' };
    expect(readRetry(retry, refuse)).toEqual({
      attempts: 3,
      delay: [1_000, 5],
      factor: 1,
      jitter: 0.3,
      maxDelay: 3_600_000,
    });
    expect(readRetry({ attempts: 2, delay }, refuse)?.delay).toBe(delay);
    expect(readProcessCache({ ttl: '6h' }, refuse)).toEqual({ ttl: 21_600_000, refresh: false });
    expect(readProcessConcurrency({ limit: 2 }, refuse)).toEqual({ limit: 2, onLimit: 'queue' });
  });

  it.each<[() => unknown, RegExp]>([
    [() => readRetry({ attempts: 101 }, refuse), /retry\.attempts/],
    [() => readProcessCache({ scope: 'job' }, refuse), /cache has members .*: scope/],
    [() => readProcessConcurrency({ limit: 1, onLimit: 'wait' }, refuse), /concurrency\.onLimit/],
    [
      () => readProcessConcurrency({ limit: 1, key: () => 'area' }, refuse),
      /concurrency\.key must be a text with ids of inputs/,
    ],
  ])('are refused with the place of the fault', (read, expected) => {
    expect(read).toThrow(expected);
  });
});
