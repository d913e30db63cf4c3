import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { KnownSecrets } from '../../src/blocks/secrets/known-secrets.js';
import { ConfigModule } from '../../src/config/config.module.js';
import { Settings } from '../../src/config/settings.js';
import { ChildRunner } from '../../src/engine/child-runner.js';
import { Engine } from '../../src/engine/engine.js';
import { EngineModule } from '../../src/engine/engine.module.js';
import type { ExecutionObserver, ExecutionOutcome, LogLine } from '../../src/engine/execution-unit.js';
import { ExecutorCheck } from '../../src/engine/executor-check.js';
import { ExecutorEntry } from '../../src/engine/executor-entry.js';
import { ExecutorPool } from '../../src/engine/executor-pool.js';
import { TestStorages } from '../harness/storages.js';
import { InlineRunner } from '../../src/engine/inline-runner.js';
import { LocalStorageModule } from '../../src/local/local-storages.js';
import { CatalogModule } from '../../src/processes/catalog/catalog.module.js';
import { InputFile } from '../../src/processes/input-file.js';
import { ProcessRegistry } from '../../src/processes/process-registry.js';
import type { RegisteredProcess } from '../../src/processes/registered-process.js';

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/executors/${name}`, import.meta.url));
const never = new AbortController().signal;
const MINUTE = 60_000;
// Processes are started, and memory is filled, on machines of every speed.
jest.setTimeout(MINUTE);

/** The service's view of a process of the fixture; its code runs in the executors only. */
function registered(id: string): RegisteredProcess {
  return {
    description: {
      id,
      version: '1.0.0',
      jobControlOptions: [],
      outputTransmission: [],
      inputs: {},
      outputs: { result: { schema: {} } },
    },
    policy: { isolation: 'child', syncJobs: true },
    handler: { execute: () => Promise.reject(new Error('must not run in the service')) },
    validateInputs: () => [],
    validateEachInput: () => [],
    reviveInputs: (values) => values,
    validateOutputs: () => [],
  };
}

class Listener implements ExecutionObserver {
  readonly lines: LogLine[] = [];
  readonly steps: [number, string?][] = [];
  private readonly waiting: (() => void)[] = [];

  progress(percent: number, message?: string): void {
    this.steps.push([percent, message]);
  }

  log(line: LogLine): void {
    this.lines.push(line);
    for (const look of this.waiting) look();
  }

  get messages(): string[] {
    return this.lines.map(({ level, message }) => `${level}: ${message}`);
  }

  /** Resolves with the first line that starts so. */
  line(start: string): Promise<LogLine> {
    return new Promise((resolve) => {
      const look = () => {
        const found = this.lines.find(({ message }) => message.startsWith(start));
        if (found !== undefined) resolve(found);
      };
      this.waiting.push(look);
      look();
    });
  }
}

/** An engine on real executors, closed after each test. */
class Bench {
  readonly directory = mkdtempSync(join(tmpdir(), 'executors-'));
  readonly settings: Settings;
  readonly pool: ExecutorPool;
  readonly registry = new ProcessRegistry();
  readonly storages = new TestStorages();
  readonly engine: Engine;

  constructor(settings: Record<string, string> = {}, entry = 'executor-entry.mjs') {
    this.settings = Settings.parse({ EXECUTOR_WARM: '0', CANCEL_GRACE: '300ms', ...settings });
    this.pool = new ExecutorPool(this.settings, Object.assign(new ExecutorEntry(), { path: fixture(entry) }));
    this.engine = new Engine(
      this.registry,
      new InlineRunner(this.settings),
      new ChildRunner(this.settings, this.pool),
      this.storages,
      this.settings,
    );
  }

  run(
    processId: string,
    inputs: Record<string, unknown> = {},
    {
      timeout = MINUTE,
      signal = never,
      observer = new Listener(),
      secrets,
    }: {
      timeout?: number;
      signal?: AbortSignal;
      observer?: Listener;
      secrets?: KnownSecrets;
    } = {},
  ): Promise<ExecutionOutcome> {
    this.registry.fill([
      ...this.registry.list().filter((process) => process.description.id !== processId),
      registered(processId),
    ]);
    const { directory } = this;
    return this.engine.run({ jobId: 'job', processId, inputs, secrets, timeout, directory }, observer, signal);
  }

  async value(processId: string, inputs?: Record<string, unknown>): Promise<unknown> {
    const outcome = await this.run(processId, inputs);
    if (outcome.kind !== 'succeeded') throw new Error(JSON.stringify(outcome));
    const output = outcome.outputs.result;
    return output.kind === 'value' ? output.value : output;
  }

  async close(): Promise<void> {
    await this.pool.close();
    rmSync(this.directory, { recursive: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    // A zombie still has an entry; it does not run any more.
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

async function untilGone(pids: number[]): Promise<void> {
  while (pids.some(isAlive)) await delay(20);
}

describe('executors', () => {
  let bench: Bench;
  const open = (settings?: Record<string, string>, entry?: string) => (bench = new Bench(settings, entry));
  afterEach(() => {
    jest.restoreAllMocks();
    return bench.close();
  });

  describe('results', () => {
    it('gives back what the process returns', async () => {
      const outcome = await open().run('add', { a: 1, b: 2 });
      expect(outcome).toEqual({
        kind: 'succeeded',
        outputs: { result: { kind: 'value', value: 3, mediaType: 'application/json' } },
      });
    });

    it('hands files over as InputFile, alone and among several occurrences', async () => {
      const file = new InputFile('/data/a', 1, 'image/png');
      const many = [new InputFile('/data/b', 2, 'image/gif'), new InputFile('/data/c', 3, 'text/plain')];
      expect(await open().value('read-file', { file, many })).toEqual([
        'InputFile /data/a 1 image/png',
        'InputFile /data/b 2 image/gif',
        'InputFile /data/c 3 text/plain',
      ]);
    });

    it('passes on progress, log lines and printed lines before the result', async () => {
      const observer = new Listener();
      await open().run('talk', {}, { observer });
      expect(observer.steps.at(-1)).toEqual([100, 'done']);
      expect(observer.messages).toEqual(
        expect.arrayContaining(['info: first', 'info: printed', 'warn: complained', 'warn: last']),
      );
      expect(observer.lines.find(({ message }) => message === 'first')?.data).toEqual({ at: '1' });
    });

    it('hides the secrets of a run in its lines, its progress and its crash, and in what is printed after it', async () => {
      const observer = new Listener();
      const debug = jest.spyOn(Logger.prototype, 'debug').mockImplementation(() => undefined);
      const printed = new Promise((resolve) => debug.mockImplementation(resolve));
      const secrets = KnownSecrets.of(['hunter2']);
      const token = 'hunter2';
      open({ EXECUTOR_WARM: '1' });
      await bench.run('blab', { token }, { observer, secrets });
      expect(await printed).toBe('executor: later [redacted]');
      const crash = await bench.run('blab', { token, crash: true }, { observer, secrets });
      const detail = 'The executor of the job died: unhandled promise rejection: lost [redacted]';
      expect(crash).toEqual({ kind: 'crashed', fault: { code: 'crashed', detail } });
      expect(observer.steps).toContainEqual([50, 'sent [redacted]']);
      expect(observer.messages).toEqual(
        expect.arrayContaining(['info: logged [redacted]', 'info: printed [redacted]']),
      );
      expect(JSON.stringify([observer.lines, observer.steps])).not.toContain('hunter2');
    });

    it('bounds a flood of log lines and says how many are missing', async () => {
      const observer = new Listener();
      const lines = 60_000;
      await open().run('flood', { lines }, { observer });
      const notices = observer.lines.filter(({ level }) => level === 'warn');
      const missing = notices.reduce(
        (sum, { message }) => sum + Number(/^(\d+) log lines were dropped/.exec(message)?.[1]),
        0,
      );
      expect(missing).toBeGreaterThan(0);
      expect(observer.lines.length - notices.length + missing).toBe(lines);
    });

    it('streams 50 MiB to a file with flat memory, and knows its size and hash', async () => {
      const observer = new Listener();
      const outcome = await open().run('stream', { mebibytes: 50 }, { observer });
      const expected = createHash('sha256')
        .update(Buffer.alloc(50 * 1024 ** 2, 'x'))
        .digest('hex');
      expect(outcome).toEqual({
        kind: 'succeeded',
        outputs: {
          result: {
            kind: 'file',
            path: join(bench.directory, 'outputs', 'result'),
            size: 50 * 1024 ** 2,
            sha256: expected,
            mediaType: 'application/x-test',
          },
        },
      });
      expect((await stat(join(bench.directory, 'outputs', 'result'))).size).toBe(50 * 1024 ** 2);
      const growth = observer.lines.find(({ message }) => message === 'memory')?.data?.growth as number;
      expect(growth).toBeLessThan(30 * 1024 ** 2);
    });

    it('moves a file made in the work directory, and removes that directory', async () => {
      const outcome = await open().run('move-file');
      expect(outcome).toMatchObject({ kind: 'succeeded', outputs: { result: { kind: 'file', size: 14 } } });
      expect(await readFile(join(bench.directory, 'outputs', 'result'), 'utf8')).toBe('made by a tool');
      expect(await readdir(bench.directory)).toEqual(['outputs']);
    });

    it('accepts declared outputs only, so that no id leads out of the directory', async () => {
      const outcome = await open().run('write-elsewhere');
      expect(outcome).toMatchObject({
        kind: 'failed',
        fault: { detail: expect.stringContaining('declares no output') },
      });
      expect(existsSync(join(dirname(bench.directory), 'escaped'))).toBe(false);
    });
  });

  describe('faults of the process', () => {
    it('tells a rejection with a pointer to the input', async () => {
      expect(await open().run('reject')).toEqual({
        kind: 'failed',
        fault: {
          code: 'process-rejected',
          detail: 'the file is no echosounder recording',
          errors: [{ pointer: '/inputs/a~1b', detail: 'the file is no echosounder recording' }],
        },
      });
    });

    it('tells the message of an error in storable characters and logs the stack', async () => {
      const observer = new Listener();
      const outcome = await open().run('throw', {}, { observer });
      expect(outcome).toEqual({ kind: 'failed', fault: { code: 'process-failed', detail: 'no \ufffd \ufffd luck' } });
      expect(observer.lines.find(({ level }) => level === 'error')?.message).toContain('processes.mjs');
    });

    it('tells what is wrong with the outputs', async () => {
      expect(await open().run('invalid-output')).toMatchObject({
        kind: 'failed',
        fault: { code: 'invalid-output', errors: [{ pointer: '/outputs/result', detail: 'is required' }] },
      });
    });
  });

  describe('scenario 33: odd values are stored or a clear fault, and never a stuck run', () => {
    it.each([
      ['nan', '/outputs/result/depth/1', 'NaN'],
      ['infinity', '/outputs/result', '-Infinity'],
      ['bigint', '/outputs/result', 'BigInt'],
      ['function', '/outputs/result/call', 'function'],
      ['cycle', '/outputs/result/self', 'contains itself'],
      ['map', '/outputs/result', 'Map'],
      ['bytes', '/outputs/result', 'context.outputs.write()'],
      ['invalid-date', '/outputs/result', 'invalid date'],
    ])('refuses %s', async (kind, pointer, words) => {
      expect(await open().run('odd', { kind })).toMatchObject({
        kind: 'failed',
        fault: { code: 'invalid-output', errors: [{ pointer, detail: expect.stringContaining(words) }] },
      });
    });

    it.each([
      ['date', { at: '1970-01-01T00:00:00.000Z' }],
      ['emoji', { '🐟': 'Ἑλλάς 🐟' }],
      ['backslash', 'a\\u0000b'],
      ['nul', { text: 'a\u0000b' }],
      ['surrogate', 'a\ud800b'],
    ])('keeps %s as a value', async (kind, value) => {
      expect(await open().value('odd', { kind })).toEqual(value);
    });

    it('keeps a large value in a file, where nothing of it is lost', async () => {
      const output = (await open().value('odd', { kind: 'large' })) as {
        kind: string;
        path: string;
        mediaType: string;
      };
      expect(output).toMatchObject({ kind: 'file', mediaType: 'application/json' });
      expect(JSON.parse(await readFile(output.path, 'utf8'))).toEqual('x'.repeat(10 * 1024 ** 2));
    });
  });

  describe('isolation', () => {
    it('passes no secret of the service to the executors', async () => {
      const secrets = {
        DATABASE_URL: 'postgres://u:secret-1@h/d',
        REDIS_URL: 'redis://:secret-2@h',
        S3_KEY: 'secret-3',
      };
      Object.assign(process.env, secrets);
      try {
        const environment = await open(secrets).value('environment');
        expect(environment).toHaveProperty('PATH', process.env.PATH);
        for (const name of Object.keys(secrets)) expect(environment).not.toHaveProperty(name);
        expect(JSON.stringify([environment, await bench.value('start-arguments')])).not.toContain('secret-');
      } finally {
        for (const name of Object.keys(secrets)) delete process.env[name];
      }
    });

    it.each([
      ['exit', { code: 1 }, 'process.exit(1)'],
      ['exit', { code: 0 }, 'process.exit(0)'],
      ['abort', {}, 'native code crashed (SIGABRT)'],
      ['kill-self', {}, 'killed by SIGKILL'],
      ['reject-in-background', {}, 'unhandled promise rejection: nobody listens'],
    ])('scenario 15: outlives %s %j and serves the next job', async (id, inputs, reason) => {
      const outcome = await open().run(id, inputs);
      expect(outcome).toMatchObject({
        kind: 'crashed',
        fault: { code: 'crashed', detail: expect.stringContaining(reason) },
      });
      expect(await bench.value('add', { a: 2, b: 2 })).toBe(4);
    });

    it.each([
      { type: 'news', news: { lines: 5 } },
      { type: 'news', news: { progress: { percent: 'all' } } },
      { type: 'fatal', news: null, detail: 'x' },
      { type: 'result', news: {}, outcome: { kind: 'unknown' } },
      { type: 'result', news: {}, outcome: { kind: 'succeeded', outputs: 5 } },
    ])('outlives an executor that sends %j and serves the next job', async (message) => {
      expect(await open().run('send', { message })).toEqual({
        kind: 'crashed',
        fault: {
          code: 'crashed',
          detail: `The executor of the job died: it sent a malformed message "${message.type}" to the service`,
        },
      });
      expect(await bench.value('add', { a: 2, b: 2 })).toBe(4);
    });

    describe('a result that user code sent itself', () => {
      const SECRET = 'a secret of the service';
      const forged = (outputs: object) => ({
        message: { type: 'result', news: {}, outcome: { kind: 'succeeded', outputs } },
      });
      const file = (path: string, size = SECRET.length) => ({
        kind: 'file',
        path,
        size,
        sha256: 'a'.repeat(64),
        mediaType: 'text/plain',
      });

      async function expectRefusal(outputs: object, pointer: string, words: string): Promise<void> {
        expect(await bench.run('send', forged(outputs))).toMatchObject({
          kind: 'failed',
          fault: { code: 'invalid-output', errors: [{ pointer, detail: words }] },
        });
        expect(await bench.value('add', { a: 2, b: 2 })).toBe(4);
      }

      it('names no output that the process does not have', async () => {
        open();
        const value = { kind: 'value', value: 1, mediaType: 'application/json' };
        await expectRefusal({ result: value, other: value }, '/outputs/other', 'is not an output of the process');
      });

      it.each([
        ['elsewhere', (directory: string) => join(directory, 'secret')],
        ['of another output', (directory: string) => join(directory, 'outputs', 'other')],
        ['over the parent directory', (directory: string) => `${directory}/outputs/../secret`],
        ['that does not exist', (directory: string) => join(directory, 'outputs', 'result')],
      ])('names no file %s', async (_, pathIn) => {
        open();
        await mkdir(join(bench.directory, 'outputs'));
        for (const name of ['secret', 'outputs/other']) await writeFile(join(bench.directory, name), SECRET);
        const words = 'names a file that this execution did not write';
        await expectRefusal({ result: file(pathIn(bench.directory)) }, '/outputs/result', words);
      });

      it.each(['a file', 'a directory'])('names no file behind a symbolic link to %s', async (kind) => {
        open();
        const [outputs, elsewhere] = [join(bench.directory, 'outputs'), join(bench.directory, 'elsewhere')];
        await mkdir(elsewhere);
        await writeFile(join(elsewhere, 'result'), SECRET);
        if (kind === 'a file') {
          await mkdir(outputs);
          await symlink(join(elsewhere, 'result'), join(outputs, 'result'));
        } else {
          await symlink(elsewhere, outputs);
        }
        const words = 'names a file that this execution did not write';
        await expectRefusal({ result: file(join(outputs, 'result')) }, '/outputs/result', words);
      });

      it.each([
        ['names no file of another size', 1, 'failed'],
        ['counts when it names a file of its own', 0, 'succeeded'],
      ])('%s', async (_, excess, kind) => {
        open();
        const path = join(bench.directory, 'outputs', 'result');
        await mkdir(dirname(path));
        await writeFile(path, SECRET);
        const outputs = { result: file(path, SECRET.length + excess) };
        expect(await bench.run('send', forged(outputs))).toMatchObject({ kind });
      });
    });

    it('leaves messages alone that are not meant for the service', async () => {
      expect(await open().run('send', { message: { type: 'theirs' }, end: true })).toMatchObject({
        kind: 'succeeded',
      });
    });

    it.each(['heap-hog', 'buffer-hog'])(
      'scenario 16: ends %s at the memory limit and serves the next job',
      async (id) => {
        const outcome = await open({ EXECUTOR_MEMORY: '128MiB' }).run(id);
        expect(outcome).toEqual({
          kind: 'crashed',
          fault: {
            code: 'crashed',
            detail: 'The executor of the job died: out of memory: limit 128 MiB (EXECUTOR_MEMORY)',
          },
        });
        expect(await bench.value('add', { a: 2, b: 2 })).toBe(4);
      },
    );

    it('does not blame a job for what an earlier one left behind', async () => {
      const first = await open().value('throw-afterwards');
      expect(await bench.value('pid')).not.toBe(first);
    });
  });

  describe('limits', () => {
    it('scenario 31: kills a busy loop after the time limit and the grace time, with all it started', async () => {
      const observer = new Listener();
      const outcome = await open().run('busy-with-family', {}, { timeout: 400, observer });
      expect(outcome).toMatchObject({
        kind: 'timed-out',
        fault: { code: 'timed-out', detail: expect.stringContaining('400 ms') },
      });
      await untilGone((await observer.line('family')).data?.pids as number[]);
      expect(existsSync(join(bench.directory, 'work'))).toBe(false);
      expect(await bench.value('add', { a: 2, b: 2 })).toBe(4);
    });

    it('scenario 31: discards what is returned after the time limit', async () => {
      const observer = new Listener();
      const outcome = await open({ CANCEL_GRACE: '1m' }).run('until-aborted', {}, { timeout: 100, observer });
      expect(outcome.kind).toBe('timed-out');
      expect(observer.messages).toContain('info: aborted by TimeoutError');
    });

    it('asks a process to stop when its job is cancelled', async () => {
      const controller = new AbortController();
      const observer = new Listener();
      const running = open({ CANCEL_GRACE: '1m' }).run('until-aborted', {}, { signal: controller.signal, observer });
      await observer.line('waiting');
      controller.abort();
      expect(await running).toEqual({ kind: 'cancelled' });
      expect(observer.messages).toContain('info: aborted by AbortError');
    });

    it('kills a process that does not stop when its job is cancelled', async () => {
      const controller = new AbortController();
      const observer = new Listener();
      const running = open().run('busy-loop', {}, { signal: controller.signal, observer });
      await observer.line('busy');
      controller.abort();
      expect(await running).toEqual({ kind: 'cancelled' });
      expect(await bench.value('add', { a: 2, b: 2 })).toBe(4);
    });

    it('lets a cancelled job leave the waiting line', async () => {
      open({ WORKER_CONCURRENCY: '1', SYNC_CONCURRENCY: '1' });
      const controllers = [new AbortController(), new AbortController(), new AbortController()];
      const listeners = controllers.map(() => new Listener());
      const running = controllers.map(({ signal }, index) =>
        bench.run('until-aborted', {}, { signal, observer: listeners[index] }),
      );
      await Promise.all(listeners.slice(0, 2).map((listener) => listener.line('waiting')));
      expect(bench.pool.pids).toHaveLength(2);
      controllers[2].abort();
      expect(await running[2]).toEqual({ kind: 'cancelled' });
      expect(listeners[2].lines).toEqual([]);
      for (const controller of controllers) controller.abort();
      await Promise.all(running);
    });
  });

  describe('the pool', () => {
    it('serves 200 jobs in a row with one process', async () => {
      open();
      const pids = new Set<unknown>();
      for (let job = 0; job < 200; job++) pids.add(await bench.value('pid'));
      expect(pids.size).toBe(1);
    });

    it('replaces an executor after EXECUTOR_MAX_JOBS jobs', async () => {
      open({ EXECUTOR_MAX_JOBS: '3' });
      const pids: unknown[] = [];
      for (let job = 0; job < 7; job++) pids.push(await bench.value('pid'));
      expect(new Set(pids).size).toBe(3);
      expect(new Set(pids.slice(0, 3)).size).toBe(1);
      await untilGone([pids[0] as number]);
    });

    it('serves those who wait in their order', async () => {
      open({ WORKER_CONCURRENCY: '1', SYNC_CONCURRENCY: '1' });
      const controller = new AbortController();
      const observer = new Listener();
      const occupying = bench.run('until-aborted', {}, { signal: controller.signal, observer });
      await observer.line('waiting');
      const order = [...Array(20).keys()];
      const finished: number[] = [];
      await Promise.all(order.map((b) => bench.value('add', { a: 0, b }).then(() => finished.push(b))));
      expect(finished).toEqual(order);
      expect(bench.pool.pids).toHaveLength(2);
      controller.abort();
      await occupying;
    });

    it('logs why executors do not start, tells clients nothing of it, and goes on when they do', async () => {
      const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
      const outcome = await open({}, 'broken-entry.mjs').run('add', { a: 1, b: 1 });
      expect(outcome).toEqual({
        kind: 'crashed',
        fault: { code: 'crashed', detail: 'No executor could be started; the log of the service says why.' },
      });
      expect(error).toHaveBeenCalledWith(expect.stringContaining('module ./survey.module.js cannot be found'));
      Object.assign(bench.pool['entry'], { path: fixture('executor-entry.mjs') });
      expect(await bench.value('add', { a: 1, b: 1 })).toBe(2);
    });

    it('leaves no process behind when it is closed, busy or idle', async () => {
      const observer = new Listener();
      const running = open().run('busy-loop', {}, { observer });
      await observer.line('busy');
      await bench.value('pid');
      const pids = bench.pool.pids;
      expect(pids).toHaveLength(2);
      await bench.pool.close();
      expect(pids.filter(isAlive)).toEqual([]);
      expect((await running).kind).toBe('crashed');
    });

    it('turns those away who wait when it is closed, as a fault that is not theirs', async () => {
      open({ WORKER_CONCURRENCY: '1', SYNC_CONCURRENCY: '1' });
      const listeners = [new Listener(), new Listener()];
      const running = listeners.map((observer) => bench.run('until-aborted', {}, { observer }));
      await Promise.all(listeners.map((listener) => listener.line('waiting')));
      const waiting = bench.run('add', { a: 1, b: 1 });
      await bench.pool.close();
      expect(await waiting).toMatchObject({ kind: 'crashed', fault: { code: 'shutting-down' } });
      expect((await Promise.all(running)).map(({ kind }) => kind)).toEqual(['crashed', 'crashed']);
      expect(await bench.run('add')).toMatchObject({ kind: 'crashed', fault: { code: 'shutting-down' } });
    });

    it('ends busy executors and their children when the service is killed', async () => {
      open();
      const host = spawn(process.execPath, [fixture('host.mjs'), fixture('executor-entry.mjs'), bench.directory], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let pids: number[] = [];
      for await (const line of createInterface(host.stdout)) {
        pids = (JSON.parse(line) as LogLine).data?.pids as number[];
        break;
      }
      expect(pids.filter(isAlive)).toHaveLength(2);
      host.kill('SIGKILL');
      await untilGone(pids);
    });
  });

  describe('the start', () => {
    const check = () => new ExecutorCheck(bench.settings, bench.registry, bench.pool).onApplicationBootstrap();

    it('passes when the executors can run every process that needs one', async () => {
      open({ EXECUTOR_WARM: '1' });
      bench.registry.fill([registered('add'), registered('pid')]);
      await check();
      expect(bench.pool.pids).toHaveLength(1);
    });

    it('fails with the remedy when the executors cannot load a process', async () => {
      open({ EXECUTOR_WARM: '1' });
      bench.registry.fill([registered('add'), registered('survey')]);
      await expect(check()).rejects.toThrow(/"survey".*PROCESS_MODULES.*isolation 'inline'/);
    });

    it('checks on first use when no executor is warm', async () => {
      const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
      expect(await open().run('survey')).toEqual({
        kind: 'failed',
        fault: { code: 'internal', detail: 'The service could not run the job; its log says why.' },
      });
      expect(error).toHaveBeenCalledWith(expect.stringContaining('PROCESS_MODULES'));
      expect(await bench.value('add', { a: 1, b: 1 })).toBe(2);
    });
  });
});

describe('executors of the built-in program', () => {
  const settings = Settings.parse({ EXECUTOR_WARM: '1', PROCESS_MODULES: fixture('survey.module.mjs') });

  it('run every built-in process that is not inline, in a service that checks this at its start', async () => {
    const service = await Test.createTestingModule({
      imports: [ConfigModule.forRoot(settings), LocalStorageModule, EngineModule, CatalogModule],
    }).compile();
    await service.init();
    const inChildren = service
      .get(ProcessRegistry, { strict: false })
      .list()
      .filter(({ policy }) => policy.isolation === 'child');
    expect(inChildren.map(({ description }) => description.id)).toContain('convert-raw-sonar');
    await service.close();
  });

  it('run the processes of PROCESS_MODULES, and log for them', async () => {
    const pool = new ExecutorPool(settings, new ExecutorEntry());
    const executor = await pool.acquire(never);
    const observer = new Listener();
    expect(executor.processes).toContainEqual({ id: 'survey', version: '2.0.0' });
    const unit = { jobId: 'job', processId: 'survey', inputs: { depth: 30 }, timeout: MINUTE, directory: tmpdir() };
    expect(await executor.execute(unit, observer)).toEqual({
      kind: 'succeeded',
      outputs: { result: { kind: 'value', value: 'surveyed at 30 m', mediaType: 'application/json' } },
    });
    expect(observer.messages).toEqual([expect.stringContaining('surveying at 30 m')]);
    pool.release(executor, true);
    await pool.close();
  });
});
