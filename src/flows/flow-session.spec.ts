import { describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import fc from 'fast-check';
import { OnState } from '../processes/decorators/on-state.decorator.js';
import { Output } from '../processes/decorators/output.decorator.js';
import { Process } from '../processes/decorators/process.decorator.js';
import { Task } from '../processes/decorators/task.decorator.js';
import { InputFile } from '../processes/input-file.js';
import type { JobContext, PlainContext } from '../processes/job-context.js';
import { FailSignal, PauseSignal, RetrySignal, SkipSignal, SuccessSignal } from '../processes/flow-signals.js';
import type { ProcessHandler } from '../processes/process-handler.js';
import { ProcessRejection } from '../processes/process-rejection.js';
import { Clock } from './clock.js';
import { FlowSession, type SessionOutcome } from './flow-session.js';
import { MemoryJournal } from './memory-journal.js';
import type { StepTransactions } from './step-host.js';
import type { StepEnd, StepReceipt, StepStart, StepVerdict } from './step-journal.js';

/** Waits end when the test says so. */
class StoppedClock extends Clock {
  readonly waits: number[] = [];
  private readonly open: (() => void)[] = [];

  wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    this.waits.push(milliseconds);
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      this.open.push(resolve);
    });
  }

  pass(): void {
    this.open.splice(0).forEach((resolve) => resolve());
  }
}

/** Waits take no time. */
class HastyClock extends Clock {
  readonly waits: number[] = [];

  wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    this.waits.push(milliseconds);
    return Promise.resolve();
  }
}

/** A memory that outlives runs, puts aside what waits, and notes what it is told. */
class JobJournal extends MemoryJournal {
  readonly starts: StepStart[] = [];
  readonly ends: StepEnd[] = [];
  readonly answers = new Map<string, unknown>();
  /** verdict by key, instead of the memory's */
  readonly verdicts = new Map<string, StepVerdict>();
  receipt: (end: StepEnd) => StepReceipt = () => ({ do: 'go' });

  override async begin(start: StepStart): Promise<StepVerdict> {
    this.starts.push(start);
    const verdict = this.verdicts.get(start.key);
    if (verdict) return verdict;
    if (this.answers.has(start.key)) return { do: 'return', value: this.answers.get(start.key) };
    if (['sleep', 'input', 'process'].includes(start.kind)) return { do: 'suspend' };
    return super.begin(start);
  }

  override async end(end: StepEnd): Promise<StepReceipt> {
    this.ends.push(end);
    await super.end(end);
    return this.receipt(end);
  }

  endOf(key: string): StepEnd | undefined {
    return this.ends.findLast((end) => end.key === key);
  }
}

interface Ran {
  readonly outcome: SessionOutcome<unknown>;
  readonly session: FlowSession;
}

interface Given {
  readonly journal?: MemoryJournal;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  readonly outputs?: PlainContext['outputs'];
  readonly records?: Partial<FlowSession['options']>;
  readonly lines?: unknown[];
}

type AnyFlow = { execute(inputs: unknown, context: JobContext): unknown };

function sessionOf(flow: AnyFlow, given: Given = {}): FlowSession {
  const log = (message: string, data?: unknown) => void given.lines?.push([message, data]);
  return new FlowSession({
    jobId: 'a-job',
    process: {
      description: { id: 'a-flow', version: '1.2.3' } as never,
      policy: { isolation: 'child', syncJobs: true },
      handler: flow as never,
      tasks: [],
    },
    journal: given.journal ?? new MemoryJournal(),
    baseContext: {
      jobId: 'a-job',
      signal: given.signal ?? new AbortController().signal,
      logger: { debug: log, info: log, warn: log, error: log },
      outputs: given.outputs ?? { write: () => Promise.resolve(), file: () => Promise.resolve() },
      workDirectory: () => Promise.resolve('/work'),
      storage: {} as never,
      storageOf: () => ({}) as never,
      progress: () => undefined,
    },
    clock: given.clock ?? new HastyClock(),
    random: () => 0.5,
    ...given.records,
  });
}

async function run(flow: AnyFlow, given: Given = {}): Promise<Ran> {
  const session = sessionOf(flow, given);
  return { session, outcome: await session.execute(() => flow.execute({}, session.context)) };
}

async function valueOf(flow: AnyFlow, given: Given = {}): Promise<unknown> {
  const { outcome } = await run(flow, given);
  return outcome.kind === 'returned' ? outcome.value : outcome.kind;
}

const code = (execute: (context: JobContext) => unknown): AnyFlow => ({ execute: (_, context) => execute(context) });

describe('tasks', () => {
  class Sum {
    calls = 0;

    async execute(_: unknown, context: JobContext): Promise<unknown> {
      const first = await this.add(1, 2);
      return [first, await this.add(first, 3), context.jobId];
    }

    @Task()
    add(left: number, right: number): Promise<number> {
      this.calls += 1;
      return Promise.resolve(left + right);
    }
  }

  it('are plain methods outside of a job', async () => {
    expect(await new Sum().execute({}, { jobId: 'none' } as JobContext)).toEqual([3, 6, 'none']);
  });

  it('are remembered under their name, numbered from the second use on', async () => {
    const journal = new JobJournal();
    expect(await valueOf(new Sum(), { journal })).toEqual([3, 6, 'a-job']);
    expect(journal.starts.map(({ key, name, kind }) => [key, name, kind])).toEqual([
      ['add', 'add', 'task'],
      ['add#2', 'add', 'task'],
    ]);
  });

  it('P2: are not run again once they have ended', async () => {
    const journal = new JobJournal();
    const flow = new Sum();
    await run(flow, { journal });
    expect(await valueOf(flow, { journal })).toEqual([3, 6, 'a-job']);
    expect(flow.calls).toBe(2);
  });

  it('have the tasks that they call below their own key', async () => {
    class Nested {
      execute() {
        return this.outer();
      }

      @Task({ name: 'the outer one' })
      async outer(): Promise<string> {
        return (await this.inner('a')) + (await this.inner('b'));
      }

      @Task()
      inner(text: string): Promise<string> {
        return Promise.resolve(text.toUpperCase());
      }
    }
    const journal = new JobJournal();
    expect(await valueOf(new Nested(), { journal })).toBe('AB');
    expect(journal.starts.map(({ key, parent }) => [key, parent])).toEqual([
      ['the outer one', undefined],
      ['the outer one/inner', 'the outer one'],
      ['the outer one/inner#2', 'the outer one'],
    ]);
  });

  it('take the context and files as arguments, and say so in their log lines', async () => {
    class Logging {
      execute(_: unknown, context: JobContext) {
        return this.measure(new InputFile('/x/1', 7, 'text/csv'), context);
      }

      @Task()
      measure(file: InputFile, { logger, idempotencyKey }: JobContext): Promise<[number, string]> {
        logger.info('Measured', { size: file.size });
        return Promise.resolve([file.size, idempotencyKey]);
      }
    }
    const lines: unknown[] = [];
    expect(await valueOf(new Logging(), { lines })).toEqual([7, 'a-job/measure']);
    expect(lines).toEqual([['Measured', { task: 'measure', size: 7 }]]);
  });

  it('revive their results as the class that they return, at the first run and later', async () => {
    class Scene {
      id: string;
      get label() {
        return `scene ${this.id}`;
      }
    }
    class Searching {
      async execute() {
        return (await this.search()).map(({ label }) => label);
      }

      @Task({ returns: Scene as Type })
      search(): Promise<Scene[]> {
        return Promise.resolve([{ id: 'a' }, { id: 'b' }] as Scene[]);
      }
    }
    const journal = new JobJournal();
    expect(await valueOf(new Searching(), { journal })).toEqual(['scene a', 'scene b']);
    expect(await valueOf(new Searching(), { journal })).toEqual(['scene a', 'scene b']);
  });

  it('have a cache key of process, version, task and arguments', async () => {
    class Cached {
      execute() {
        return this.search('x');
      }

      @Task({ cache: { ttl: '6h', scope: 'global' }, tags: ['catalog'], concurrency: [{ key: 'db', limit: 2 }] })
      search(text: string): Promise<string> {
        return Promise.resolve(text);
      }
    }
    const journal = new JobJournal();
    await run(new Cached(), { journal });
    expect(journal.starts[0]).toMatchObject({
      tags: ['catalog'],
      limits: [{ key: 'db', limit: 2 }],
      cache: { key: expect.stringMatching(/^[0-9a-f]{64}$/), scope: 'global', ttl: 21_600_000, refresh: false },
    });
  });

  it('say after which steps they come: by the objects they are given, else by what ended last', async () => {
    class Edges {
      async execute() {
        const a = await this.make('a');
        const b = await this.make('b');
        await this.use(a);
        await this.use([b, { deep: a }]);
        return this.use('text');
      }

      @Task()
      make(name: string): Promise<{ name: string }> {
        return Promise.resolve({ name });
      }

      @Task()
      use(value: unknown): Promise<string> {
        return Promise.resolve(JSON.stringify(value));
      }
    }
    const journal = new JobJournal();
    await run(new Edges(), { journal });
    expect(journal.starts.map(({ key, after }) => [key, [...after].sort()])).toEqual([
      ['make', []],
      ['make#2', ['make']],
      ['use', ['make']],
      ['use#2', ['make', 'make#2']],
      ['use#3', ['use#2']],
    ]);
  });
});

describe('keys', () => {
  it('are asked for when steps of one name run at once', async () => {
    const flow = code(({ run }) => Promise.all([run('x', () => 1), run('x', () => 2)]));
    await expect(run(flow)).rejects.toThrow(/Two steps named "x" run at once in the flow.*context\.map/);
  });

  it('are asked for when maps of one name overlap, whose elements would find what the others left', async () => {
    const fetched =
      (name?: string) =>
      ({ map, run: step }: JobContext) =>
        map([1, 2], (item) => step('fetch', () => item), { name });
    const overlapping = code((context) => Promise.all([fetched()(context), fetched()(context)]));
    await expect(run(overlapping)).rejects.toThrow(/Two steps named "map" run at once in the flow.*name }/);
    const named = code((context) => Promise.all([fetched('a')(context), fetched('b')(context)]));
    const twice = [
      [1, 2],
      [1, 2],
    ];
    expect((await run(named)).outcome).toEqual({ kind: 'returned', value: twice });
    const nested = code(({ map, run: step }) =>
      map(['x', 'y'], () => map([1, 2], (item) => step('fetch', () => item), { name: 'inner' }), { name: 'outer' }),
    );
    expect((await run(nested)).outcome).toEqual({ kind: 'returned', value: twice });
  });

  it('are asked for at a replay at the latest, which ends the job without another attempt, whatever the flow says', async () => {
    class Staggered {
      constructor(private readonly gate: Promise<void>) {}

      execute() {
        return this.both().catch(() => 'caught');
      }

      @Task({ retry: { attempts: 3 } })
      async both(): Promise<unknown> {
        return Promise.all([this.slow().then(() => this.measure(2)), this.measure(1)]);
      }

      @Task()
      slow(): Promise<void> {
        return this.gate;
      }

      @Task()
      measure(value: number): Promise<number> {
        return Promise.resolve(value);
      }
    }
    const journal = new (class extends JobJournal {
      open: () => void = () => undefined;

      override async begin(start: StepStart): Promise<StepVerdict> {
        const verdict = await super.begin(start);
        // At the replay the journal is slower to tell what the step came to than all others.
        if (start.key === 'both/measure' && verdict.do !== 'run') await new Promise((resolve) => setTimeout(resolve));
        return verdict;
      }

      override async end(end: StepEnd): Promise<StepReceipt> {
        if (end.key === 'both/measure') setImmediate(this.open);
        // The worker dies before the end of the task is on record.
        return end.key === 'both' ? { do: 'stop' } : await super.end(end);
      }
    })();
    const gate = new Promise<void>((resolve) => (journal.open = resolve));
    await run(new Staggered(gate), { journal });
    expect(journal.ends.map(({ key, end }) => [key, end])).toEqual([
      ['both/measure', 'completed'],
      ['both/slow', 'completed'],
      ['both/measure#2', 'completed'],
    ]);
    await expect(run(new Staggered(Promise.resolve()), { journal })).rejects.toMatchObject({
      name: 'NonDeterminismError',
      message: expect.stringMatching(/Two steps named "measure" run at once in "both".*Give them keys/) as unknown,
    });
    expect(journal.ends).toHaveLength(3);
  });

  it('of the steps in a map carry the key of their element', async () => {
    const journal = new JobJournal();
    const items = [{ id: 'a/1' }, { id: 'b' }];
    const flow = code(async ({ run, map }) => {
      await map(items, ({ id }) => run('fetch', () => id), { key: ({ id }) => id, concurrency: 1 });
      return map(['u', 'v'], (text) => run('fetch', () => text));
    });
    expect(await valueOf(flow, { journal })).toEqual(['u', 'v']);
    expect(journal.starts.map(({ key }) => key)).toEqual([
      'map[a%2f1]/fetch',
      'map[b]/fetch',
      'map#2[u]/fetch',
      'map#2[v]/fetch',
    ]);
  });

  it('of elements must differ', async () => {
    const flow = code(({ map }) => map(['a', 'a'], (text) => text));
    await expect(run(flow)).rejects.toThrow(/element 1 has the same key "a"/);
  });

  it('must not look like a place in another step', async () => {
    await expect(run(code(({ run }) => run('a/b', () => 1)))).rejects.toThrow(/without \/ # \[ \]/);
  });
});

describe('map', () => {
  it('keeps the order of the items and the limit of elements at once', async () => {
    let [active, most] = [0, 0];
    const flow = code(({ map, run }) =>
      map(
        [...'abcdefgh'],
        (letter) =>
          run('step', async () => {
            most = Math.max(most, ++active);
            await new Promise((resolve) => setImmediate(resolve));
            active -= 1;
            return letter.toUpperCase();
          }),
        { concurrency: 3 },
      ),
    );
    expect(await valueOf(flow)).toEqual([...'ABCDEFGH']);
    expect(most).toBe(3);
  });

  it('begins no element after a failure', async () => {
    const begun: string[] = [];
    const flow = code(({ map, run }) =>
      map(
        [...'abc'],
        (letter) =>
          run('step', () => {
            begun.push(letter);
            throw new Error(`no ${letter}`);
          }),
        { concurrency: 1 },
      ),
    );
    await expect(run(flow)).rejects.toThrow('The step "map[a]/step" failed: no a');
    expect(begun).toEqual(['a']);
  });
});

describe('values', () => {
  it('are the JSON round trip, at the first run too', async () => {
    const journal = new JobJournal();
    const flow = code(({ run }) => run('x', () => ({ at: new Date(0), gone: undefined, zero: -0 })));
    const expected = { at: '1970-01-01T00:00:00.000Z', zero: 0 };
    expect(await valueOf(flow, { journal })).toEqual(expected);
    expect(await valueOf(flow, { journal })).toEqual(expected);
  });

  it.each<[string, () => unknown, RegExp]>([
    ['a map', () => new Map(), /cannot be remembered: it is a Map/],
    ['more than 1 MiB', () => 'x'.repeat(1024 * 1024), /more than 1 MiB.*outputs\.write/],
  ])('must not be %s', async (_, work, message) => {
    await expect(run(code(({ run }) => run('x', work)))).rejects.toThrow(message);
  });
});

describe('drift', () => {
  class Drifting {
    constructor(private readonly text: string) {}

    async execute() {
      try {
        return await this.say(this.text);
      } catch {
        return 'swallowed';
      }
    }

    @Task()
    say(text: string): Promise<string> {
      return Promise.resolve(text);
    }
  }

  it('19: ends the job, whatever the code does with the error', async () => {
    const journal = new JobJournal();
    expect(await valueOf(new Drifting('a'), { journal })).toBe('a');
    await expect(run(new Drifting('b'), { journal })).rejects.toMatchObject({
      name: 'NonDeterminismError',
      message: expect.stringContaining('The step "say" is not what it was'),
    });
  });

  it('runs a task anew that says so', async () => {
    class Rerun extends Drifting {
      @Task({ onDrift: 'rerun' })
      override say(text: string): Promise<string> {
        return Promise.resolve(text);
      }
    }
    const journal = new JobJournal();
    await run(new Rerun('a'), { journal });
    expect(await valueOf(new Rerun('b'), { journal })).toBe('b');
  });
});

describe('failures', () => {
  it('are TaskFailedErrors with the name of the original, now and at a replay', async () => {
    const journal = new JobJournal();
    const flow = code(({ run }) =>
      run('x', () => {
        throw new RangeError('too far');
      }),
    );
    const expected = { name: 'TaskFailedError', step: 'x', errorName: 'RangeError', reason: 'too far' };
    await expect(run(flow, { journal })).rejects.toMatchObject({ ...expected, cause: expect.any(RangeError) });
    await expect(run(flow, { journal })).rejects.toMatchObject(expected);
  });

  it('of the inputs stay rejections', async () => {
    const journal = new JobJournal();
    const flow = code(({ run }) =>
      run(
        'x',
        () => {
          throw new ProcessRejection('Not a recording', 'rawFile');
        },
        { retry: { attempts: 3 } },
      ),
    );
    for (const _ of [1, 2]) {
      await expect(run(flow, { journal })).rejects.toMatchObject({ name: 'ProcessRejection', input: 'rawFile' });
    }
    expect(journal.ends).toHaveLength(1);
  });

  it('let the steps beside them come to their end, but begin none', async () => {
    const journal = new JobJournal();
    let finish: () => void = () => undefined;
    const flow = code(({ run }) =>
      Promise.all([
        run('slow', () => new Promise<void>((resolve) => (finish = resolve))).then(() => run('never', () => 1)),
        run('bad', () => {
          setImmediate(() => finish());
          throw new Error('bad');
        }),
      ]),
    );
    await expect(run(flow, { journal })).rejects.toThrow('bad');
    expect(journal.endOf('slow')).toMatchObject({ end: 'completed' });
    expect(journal.starts.map(({ key }) => key)).toEqual(['slow', 'bad']);
  });
});

describe('retries', () => {
  it('30: wait in place, and count all attempts', async () => {
    const clock = new HastyClock();
    const journal = new JobJournal();
    let attempts = 0;
    const flow = code(({ run }) =>
      run(
        'x',
        () => {
          if (++attempts < 4) throw new Error(`attempt ${attempts}`);
          return attempts;
        },
        { retry: { attempts: 4, delay: '1s', factor: 2 } },
      ),
    );
    expect(await valueOf(flow, { clock, journal })).toBe(4);
    expect(clock.waits).toEqual([1_000, 2_000, 4_000]);
    expect(journal.ends.map(({ end }) => end)).toEqual(['retry', 'retry', 'retry', 'completed']);
  });

  it('put the job aside when the service says so, and go on with the next attempt', async () => {
    const journal = new JobJournal();
    journal.receipt = ({ end }) => ({ do: end === 'retry' ? 'suspend' : 'go' });
    let attempts = 0;
    const flow = code(({ run }) =>
      run(
        'x',
        () => {
          if (++attempts === 1) throw new Error('once');
          return attempts;
        },
        { retry: { attempts: 2, delay: '1h' } },
      ),
    );
    expect((await run(flow, { journal })).outcome).toEqual({ kind: 'suspended' });
    expect(journal.endOf('x')).toMatchObject({ end: 'retry', delay: 3_600_000, fault: { message: 'once' } });
    expect(await valueOf(flow, { journal })).toBe(2);
  });

  it('run failed steps inside of the task anew, and not those that ended well', async () => {
    const calls: string[] = [];
    class Nested {
      execute() {
        return this.outer();
      }

      @Task({ retry: { attempts: 2 } })
      async outer(): Promise<string> {
        return (await this.good()) + (await this.bad());
      }

      @Task()
      good(): Promise<string> {
        calls.push('good');
        return Promise.resolve('g');
      }

      @Task()
      bad(): Promise<string> {
        calls.push('bad');
        if (calls.length < 3) throw new Error('not yet');
        return Promise.resolve('b');
      }
    }
    expect(await valueOf(new Nested())).toBe('gb');
    expect(calls).toEqual(['good', 'bad', 'bad']);
  });

  it('give outputs of a failed attempt up', async () => {
    const discarded: unknown[] = [];
    let attempts = 0;
    const flow = code(({ run, outputs }) =>
      run(
        'x',
        async () => {
          await outputs.write('map', 'bytes');
          if (++attempts === 1) throw new Error('once');
        },
        { retry: { attempts: 2 } },
      ),
    );
    const file = { id: 'map', path: '/o/map', size: 5, sha256: 'ab', mediaType: 'text/plain' };
    const journal = new JobJournal();
    await run(flow, {
      journal,
      records: {
        takeOutputs: (ids) => ids.map((id) => ({ ...file, id })),
        discardOutputs: (ids) => void discarded.push(ids),
      },
    });
    expect(discarded).toEqual([['map']]);
    expect(journal.endOf('x')).toMatchObject({ end: 'completed', outputs: [file] });

    const restored: unknown[] = [];
    await run(flow, { journal, records: { restoreOutputs: (outputs) => void restored.push(...outputs) } });
    expect(restored).toEqual([file]);
  });
});

describe('signals', () => {
  const throwing = (thrown: () => Error) =>
    code(({ run }) =>
      run('x', () => {
        throw thrown();
      }),
    );

  it('SkipSignal ends well without a value', async () => {
    const journal = new JobJournal();
    expect(
      await valueOf(
        throwing(() => new SkipSignal('no data')),
        { journal },
      ),
    ).toBeUndefined();
    expect(journal.endOf('x')).toEqual({ key: 'x', end: 'completed', name: 'Skipped', message: 'no data' });
  });

  it('SuccessSignal ends well with its value, also for the whole flow', async () => {
    expect(await valueOf(throwing(() => new SuccessSignal({ a: 1 })))).toEqual({ a: 1 });
    const flow = code(() => {
      throw new SuccessSignal({ b: 2 });
    });
    expect(await valueOf(flow)).toEqual({ b: 2 });
  });

  it('FailSignal fails at once, whatever the retry policy', async () => {
    const journal = new JobJournal();
    const flow = code(({ run }) =>
      run('x', () => Promise.reject(new FailSignal('broken')), { retry: { attempts: 5 } }),
    );
    await expect(run(flow, { journal })).rejects.toThrow('broken');
    expect(journal.ends).toHaveLength(1);
  });

  it('RetrySignal asks for another attempt without a policy', async () => {
    const clock = new HastyClock();
    let attempts = 0;
    const flow = code(({ run }) =>
      run('x', () => {
        if (++attempts < 3) throw new RetrySignal({ delay: '5s' });
        return attempts;
      }),
    );
    expect(await valueOf(flow, { clock })).toBe(3);
    expect(clock.waits).toEqual([5_000, 5_000]);
  });

  it('PauseSignal puts the job aside and hands the answer to the next attempt', async () => {
    const journal = new JobJournal(() => Promise.resolve({ approved: true }));
    journal.receipt = ({ end }) => ({ do: end === 'paused' ? 'suspend' : 'go' });
    const flow = code((context) =>
      context.run('x', () => {
        if (context.answer === undefined)
          throw new PauseSignal({ type: 'object' }, { message: 'Go on?', timeout: '1h' });
        return context.answer;
      }),
    );
    expect((await run(flow, { journal })).outcome).toEqual({ kind: 'suspended' });
    expect(journal.endOf('x')).toMatchObject({
      end: 'paused',
      request: { schema: { type: 'object' }, message: 'Go on?', timeout: 3_600_000 },
    });
    expect(await valueOf(flow, { journal })).toEqual({ approved: true });
  });

  it('are recognised by name, as those of another copy of the package', async () => {
    const foreign = Object.assign(new Error('skipped'), { name: 'SkipSignal' });
    expect(await valueOf(throwing(() => foreign))).toBeUndefined();
  });
});

describe('time limits of steps', () => {
  it('31: abort the signal, discard what comes later, and may be tried again', async () => {
    const clock = new StoppedClock();
    const journal = new JobJournal();
    let late: (value: string) => void = () => undefined;
    let signal: AbortSignal | undefined;
    const flow = code((context) =>
      context.run(
        'x',
        () => {
          signal = context.signal;
          setImmediate(() => clock.pass());
          return new Promise<string>((resolve) => (late = resolve));
        },
        { timeout: '10m' },
      ),
    );
    await expect(run(flow, { clock, journal })).rejects.toMatchObject({ errorName: 'TimeoutError' });
    late('too late');
    expect(clock.waits).toEqual([600_000]);
    expect(signal?.aborted).toBe(true);
    expect(journal.ends).toEqual([expect.objectContaining({ end: 'failed', name: 'TimedOut' })]);
  });
});

describe('suspension', () => {
  it('32: puts the flow aside while it waits, and goes on with what came', async () => {
    const journal = new JobJournal();
    const stages: string[] = [];
    const flow = code(async ({ run, sleep, waitForInput }) => {
      await run('first', () => void stages.push('first'));
      await sleep('1d');
      const answer = await waitForInput('approve', { type: 'object' }, { timeout: '2d', message: 'Sure?' });
      await run('last', () => void stages.push('last'));
      return answer;
    });
    expect((await run(flow, { journal })).outcome).toEqual({ kind: 'suspended' });
    journal.answers.set('sleep', undefined);
    expect((await run(flow, { journal })).outcome).toEqual({ kind: 'suspended' });
    expect(journal.starts.at(-1)).toMatchObject({
      key: 'approve',
      kind: 'input',
      request: { schema: { type: 'object' }, timeout: 172_800_000, message: 'Sure?' },
    });
    journal.answers.set('approve', { ok: true });
    expect(await valueOf(flow, { journal })).toEqual({ ok: true });
    expect(stages).toEqual(['first', 'last']);
  });

  it('waits for the steps beside what waits', async () => {
    const journal = new JobJournal();
    let finish: () => void = () => undefined;
    const flow = code(({ run, sleep }) =>
      Promise.all([
        sleep('1d'),
        run('slow', () => new Promise<void>((resolve) => (finish = resolve))).then(() => run('next', () => 1)),
      ]),
    );
    const running = run(flow, { journal });
    await new Promise((resolve) => setTimeout(resolve, 20));
    finish();
    expect((await running).outcome).toEqual({ kind: 'suspended' });
    expect(journal.ends.map(({ key }) => key)).toEqual(['slow', 'next']);
  });

  it('reaches through tasks that wait for what waits', async () => {
    class Deep {
      execute() {
        return this.outer();
      }

      @Task()
      async outer(): Promise<unknown> {
        return this.inner();
      }

      @Task()
      async inner(): Promise<unknown> {
        return contextOf(this).sleep('1d');
      }
    }
    const contexts = new WeakMap<object, JobContext>();
    const contextOf = (flow: object) => contexts.get(flow)!;
    const journal = new JobJournal();
    const flow = new Deep();
    const session = sessionOf(flow, { journal });
    contexts.set(flow, session.context);
    expect(await session.execute(() => flow.execute())).toEqual({ kind: 'suspended' });
    expect(journal.starts.map(({ key }) => key)).toEqual(['outer', 'outer/inner', 'outer/inner/sleep']);
  });

  it('leaves the code where it stands: what it calls later does nothing', async () => {
    const journal = new JobJournal();
    let later: () => Promise<unknown> = () => Promise.resolve();
    const flow = code(({ run, sleep }) => {
      later = () => run('late', () => 1);
      return sleep('1d');
    });
    await run(flow, { journal });
    let hasSettled = false;
    void later().then(() => (hasSettled = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(hasSettled).toBe(false);
    expect(journal.starts.map(({ key }) => key)).toEqual(['sleep']);
  });

  it('does not catch a flow that goes on without what waits', async () => {
    const flow = code(({ run, sleep }) => Promise.race([sleep('1d'), run('quick', () => 'quick')]));
    expect(await valueOf(flow, { journal: new JobJournal() })).toBe('quick');
  });

  it('20: gives the same result when the job is put aside after every step', async () => {
    class Sum {
      async execute(_: unknown, { map, run }: JobContext) {
        const parts = await map([1, 2, 3], (value) => this.square(value));
        return run('sum', () => parts.reduce((sum, part) => sum + part, 0));
      }

      @Task()
      square(value: number): Promise<number> {
        return Promise.resolve(value * value);
      }
    }
    const journal = new JobJournal();
    journal.receipt = () => ({ do: 'suspend' });
    const kinds: string[] = [];
    for (let round = 0; round < 10 && kinds.at(-1) !== 'returned'; round++) {
      const { outcome } = await run(new Sum(), { journal });
      kinds.push(outcome.kind);
      if (outcome.kind === 'returned') expect(outcome.value).toBe(14);
    }
    expect(kinds).toEqual(['suspended', 'suspended', 'returned']);
    expect(journal.ends).toHaveLength(4);
  });
});

it('20: any flow, put aside at any of its steps, returns the same and runs each step once', async () => {
  type Program = ({ run: number } | { map: number[] } | { nested: Program })[];
  const { program } = fc.letrec<{ program: Program; part: Program[number] }>((tie) => ({
    program: fc.array(tie('part'), { maxLength: 4 }),
    part: fc.oneof(
      { maxDepth: 3 },
      fc.record({ run: fc.nat(9) }),
      fc.record({ map: fc.uniqueArray(fc.nat(9), { maxLength: 5 }) }),
      fc.record({ nested: tie('program') }),
    ),
  }));
  await fc.assert(
    fc.asyncProperty(program, fc.infiniteStream(fc.boolean()), async (parts, isPutAside) => {
      let bodies = 0;
      const step = (value: number) => {
        bodies += 1;
        return value * 2;
      };
      const work = async (context: JobContext, program: Program): Promise<unknown[]> => {
        const results: unknown[] = [];
        for (const part of program) {
          if ('run' in part) results.push(await context.run('run', () => step(part.run)));
          else if ('map' in part) {
            results.push(await context.map(part.map, (value) => context.run('each', () => step(value))));
          } else results.push(await context.run('nested', () => work(context, part.nested)));
        }
        return results;
      };
      const flow = code((context) => work(context, parts));
      const expected = await valueOf(flow);
      const once = bodies;
      bodies = 0;
      const journal = new JobJournal();
      journal.receipt = () => ({ do: isPutAside.next().value ? 'suspend' : 'go' });
      let value: unknown = 'suspended';
      for (let round = 0; value === 'suspended' && round < 500; round++) value = await valueOf(flow, { journal });
      expect(value).toEqual(expected);
      expect(bodies).toBe(once);
    }),
    { numRuns: 60 },
  );
});

describe('stopping', () => {
  it('P7: begins no step after the signal, and records no failure of those that it ends', async () => {
    const controller = new AbortController();
    const journal = new JobJournal();
    const flow = code(async ({ run, signal }) => {
      await run('first', () => {
        controller.abort(new DOMException('Cancelled', 'AbortError'));
        signal.throwIfAborted();
      }).catch(() => undefined);
      await run('second', () => 1);
    });
    await expect(run(flow, { journal, signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' });
    expect(journal.starts.map(({ key }) => key)).toEqual(['first']);
    expect(journal.ends).toEqual([]);
  });

  it('leaves the flow where it stands when the job belongs to somebody else', async () => {
    const journal = new JobJournal();
    journal.verdicts.set('second', { do: 'stop' });
    const flow = code(async ({ run }) => {
      await run('first', () => 1);
      await run('second', () => 2);
    });
    expect((await run(flow, { journal })).outcome).toEqual({ kind: 'suspended' });
    expect(journal.ends.map(({ key }) => key)).toEqual(['first']);
  });
});

describe('runProcess', () => {
  class CalledOutputs {
    @Output({ schema: { type: 'string' } })
    text: string;

    get loud() {
      return this.text.toUpperCase();
    }
  }

  @Process({ id: 'called', version: '1.0.0', outputs: CalledOutputs })
  class Called implements ProcessHandler<{ times: number }, CalledOutputs> {
    execute(): CalledOutputs {
      throw new Error('runs as a job of its own');
    }
  }

  it('puts the flow aside until the job of the process ends, and revives its outputs', async () => {
    const journal = new JobJournal();
    const flow = code(async ({ runProcess }) => {
      const outputs: CalledOutputs = await runProcess(Called, { times: 2 });
      return outputs.loud;
    });
    expect((await run(flow, { journal })).outcome).toEqual({ kind: 'suspended' });
    expect(journal.starts[0]).toMatchObject({
      key: 'called',
      kind: 'process',
      process: { id: 'called', inputs: { times: 2 } },
    });
    journal.answers.set('called', { text: 'done' });
    expect(await valueOf(flow, { journal })).toBe('DONE');
  });

  it('tells several jobs of a process apart by their keys', async () => {
    const journal = new JobJournal();
    for (const key of ['left', 'right']) journal.answers.set(key, { key });
    const flow = code(({ runProcess }) =>
      Promise.all(['left', 'right'].map((key) => runProcess('called', { key }, { key }))),
    );
    expect(await valueOf(flow, { journal })).toEqual([{ key: 'left' }, { key: 'right' }]);
  });

  it('does not hand files of this job over', async () => {
    const flow = code(({ runProcess }) => runProcess('called', { file: new InputFile('/x', 1, 'text/csv') }));
    await expect(run(flow)).rejects.toThrow(/the input "file" is a file of this job/);
  });
});

describe('P3: transactional tasks', () => {
  class Booking {
    async execute(_: unknown, context: JobContext) {
      return this.book(context);
    }

    @Task({ transactional: true })
    book(context: JobContext): Promise<string> {
      return Promise.resolve((context.transaction as unknown as { name: string }).name);
    }
  }

  /** Keeps the ends of tasks as one that commits does. @param lost how often a connection is lost after the work */
  class Transactions {
    readonly recorded: StepEnd[] = [];
    fault?: Error;

    constructor(private lost = 0) {}

    async run(work: Parameters<StepTransactions['run']>[0]): Promise<StepReceipt> {
      const manager = { name: 'the transaction' } as never;
      const assertOpen = () => {
        if (this.fault) throw this.fault;
      };
      for (; this.lost > 0; this.lost--) await work({ manager, assertOpen });
      this.recorded.push(await work({ manager, assertOpen }));
      return { do: 'go' };
    }
  }

  it('write through the transaction in which their end is put on record', async () => {
    const transactions = new Transactions();
    const journal = new JobJournal();
    expect(await valueOf(new Booking(), { journal, records: { transactions } })).toBe('the transaction');
    expect(transactions.recorded).toEqual([
      { key: 'book', end: 'completed', name: 'Completed', value: 'the transaction' },
    ]);
    expect(journal.ends).toEqual([]);
  });

  it('fail when their transaction cannot be committed any more', async () => {
    const transactions = new Transactions();
    transactions.fault = new Error('a statement failed');
    await expect(run(new Booking(), { records: { transactions } })).rejects.toThrow('a statement failed');
    expect(transactions.recorded).toMatchObject([{ key: 'book', end: 'failed' }]);
  });

  it('run once more when their connection is lost, without the outputs that were written before', async () => {
    class Writing {
      execute(_: unknown, context: JobContext) {
        return this.write(context);
      }

      @Task({ transactional: true })
      async write(context: JobContext): Promise<void> {
        await context.outputs.write('map', 'bytes');
      }
    }
    const discarded: string[] = [];
    const transactions = new Transactions(2);
    const discardOutputs = (ids: readonly string[]) => void discarded.push(...ids);
    await run(new Writing(), { records: { transactions, discardOutputs } });
    expect(discarded).toEqual(['map', 'map']);
    expect(transactions.recorded).toHaveLength(1);
  });

  it('cannot be called within each other', async () => {
    class Nested {
      execute(_: unknown, context: JobContext) {
        return this.outer(context);
      }

      @Task({ transactional: true })
      outer(context: JobContext): Promise<unknown> {
        return context.run('between', () => context.map([1], () => this.inner()));
      }

      @Task({ transactional: true })
      inner(): Promise<void> {
        return Promise.resolve();
      }
    }
    const transactions = new Transactions();
    await expect(run(new Nested(), { records: { transactions } })).rejects.toThrow(/was called within another one/);
  });

  it('fail where there is none', async () => {
    await expect(run(new Booking())).rejects.toThrow(/A transactional task needs a job of the service/);
  });
});

describe('what is no step', () => {
  it.each<[string, (context: JobContext) => unknown, RegExp]>([
    ['a date', ({ sleep }) => sleep(new Date(0) as never), /^sleep: .*1970.* is no duration, .* not until when/],
    ['no end', ({ sleep }) => sleep(Infinity), /^sleep: Infinity is no duration, which is milliseconds or .*2h/],
    [
      'a value',
      ({ run: step }) => step('x', 5 as never),
      /^context\.run\("x", \.\.\.\) takes a function.*; not number/,
    ],
    ['a promise', ({ run: step }) => step('x', Promise.resolve() as never), /takes a function.*; not a Promise/],
  ])('is refused in words: %s', async (_, call, message) => {
    const journal = new JobJournal();
    await expect(
      run(
        code(async (context) => void (await call(context))),
        { journal },
      ),
    ).rejects.toThrow(message);
    expect(journal.starts).toEqual([]);
  });
});

describe('artifacts', () => {
  it('are kept under their key, with the step that made them', async () => {
    const journal = new MemoryJournal();
    const flow = code(({ run, artifact }) =>
      run('check', async () => {
        await artifact.table('rows', [{ a: 1 }], { description: 'Rows' });
        await artifact.progress('done', 150);
      }),
    );
    await run(flow, { journal });
    expect([...journal.artifacts.values()]).toEqual([
      { key: 'rows', type: 'table', data: [{ a: 1 }], description: 'Rows', step: 'check' },
      { key: 'done', type: 'progress', data: 100, step: 'check' },
    ]);
  });

  it('lead to web addresses, places in storages and relative ones, and images to data', async () => {
    const journal = new JobJournal();
    const flow = code(async ({ artifact }) => {
      await artifact.link('web', 'HTTPS://example.org/a', { title: 'A' });
      await artifact.link('relative', '../results?a=b:c');
      await artifact.link('storage', 'block:s3/results/a.tif');
      await artifact.image('place', 's3://bucket/a.png');
      await artifact.image('picture', 'data:image/png;base64,AAAA');
    });
    await run(flow, { journal });
    expect([...journal.artifacts.values()].map(({ type, data }) => [type, data])).toEqual([
      ['link', { href: 'HTTPS://example.org/a', title: 'A' }],
      ['link', { href: '../results?a=b:c' }],
      ['link', { href: 'block:s3/results/a.tif' }],
      ['image', { href: 's3://bucket/a.png' }],
      ['image', { href: 'data:image/png;base64,AAAA' }],
    ]);
  });

  it.each<[string, string, 'link' | 'image']>([
    ['code', 'javascript:alert(1)', 'link'],
    ['code in disguise', ' java\nscript:alert(1)', 'link'],
    ['code as an image', 'javascript:alert(1)', 'image'],
    ['a file of the reader', 'file:///etc/passwd', 'link'],
    ['data', 'data:image/png;base64,AAAA', 'link'],
    ['data that is no image', 'data:text/html,<script>', 'image'],
    ['no address', 'https://', 'link'],
    ['nothing', undefined as never, 'image'],
  ])('do not lead to %s', async (_, href, type) => {
    const journal = new JobJournal();
    const flow = code(({ artifact }) => artifact[type]('p', href));
    await expect(run(flow, { journal })).rejects.toThrow(
      /^The artifact "p" cannot lead to .*text that begins with http:/,
    );
    expect(journal.artifacts.size).toBe(0);
  });
});

describe('declared graphs', () => {
  class Etl {
    readonly calls: unknown[] = [];

    execute(_: unknown, { runTasks }: JobContext) {
      return runTasks({ day: 1 });
    }

    @Task()
    extract(inputs: { day: number }): Promise<number[]> {
      this.calls.push('extract');
      return Promise.resolve([inputs.day, 2]);
    }

    @Task({ after: ['extract'] })
    load(_: unknown, { extract }: { extract: number[] }): Promise<number> {
      if (extract.length === 2) throw new Error('no room');
      return Promise.resolve(extract.length);
    }

    @Task({ after: ['load'], when: 'any_failed' })
    tidy(): Promise<string> {
      this.calls.push('tidy');
      return Promise.resolve('tidied');
    }

    @Task({ after: ['load'] })
    report(): Promise<string> {
      this.calls.push('report');
      return Promise.resolve('reported');
    }
  }

  it('run tasks as their triggers say, and fail with a failed last task', async () => {
    const journal = new JobJournal();
    const flow = new Etl();
    await expect(run(flow, { journal })).rejects.toMatchObject({ step: 'report', errorName: 'TriggerFailed' });
    expect(flow.calls).toEqual(['extract', 'tidy']);
    expect(journal.endOf('report')).toMatchObject({ end: 'failed', name: 'TriggerFailed' });
    expect(journal.starts.find(({ key }) => key === 'tidy')).toMatchObject({ after: ['load'] });
  });

  it('hand results on, and skip what comes after a skipped task', async () => {
    class Skipping {
      execute(_: unknown, { runTasks }: JobContext) {
        return runTasks();
      }

      @Task({ after: [] })
      source(): Promise<string> {
        return Promise.resolve('s');
      }

      @Task({ after: ['source'] })
      check(_: unknown, { source }: { source: string }): Promise<string> {
        throw new SkipSignal(source);
      }

      @Task({ after: ['check'] })
      next(): Promise<string> {
        return Promise.resolve('n');
      }

      @Task({ after: ['check', 'source'], skipOnUpstreamSkip: false })
      last(_: unknown, results: Record<string, unknown>): Promise<unknown> {
        return Promise.resolve(results);
      }
    }
    const journal = new JobJournal();
    const expected = { source: 's', check: undefined, next: undefined, last: { source: 's' } };
    expect(await valueOf(new Skipping(), { journal })).toEqual(expected);
    expect(await valueOf(new Skipping(), { journal })).toEqual(expected);
    expect(journal.endOf('next')).toMatchObject({ name: 'Skipped' });
  });
});

describe('without a job', () => {
  it('says what needs one', async () => {
    await expect(run(code(({ runProcess }) => runProcess('echo', { a: 1 })))).rejects.toThrow(
      /job of a running service/,
    );
    await expect(run(code(({ waitForInput }) => waitForInput('ok', {})))).rejects.toThrow(/job of a running service/);
  });

  it('asks whoever runs the flow', async () => {
    const asked: unknown[] = [];
    const journal = new MemoryJournal((request, key) => {
      asked.push([key, request.message]);
      return Promise.resolve({ ok: true });
    });
    const flow = code(({ waitForInput }) => waitForInput('approve', {}, { message: 'Sure?' }));
    expect(await valueOf(flow, { journal })).toEqual({ ok: true });
    expect(asked).toEqual([['approve', 'Sure?']]);
  });
});

it('@OnState() leaves the method as it is', () => {
  class Telling {
    @OnState('FAILED')
    tell() {
      return 'told';
    }
  }
  expect(new Telling().tell()).toBe('told');
});
