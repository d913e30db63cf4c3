import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import pLimit, { type LimitFunction } from 'p-limit';
import { v7 as uuid } from 'uuid';
import { Settings } from '../config/settings.js';
import { Engine } from '../engine/engine.js';
import { type ExecutionOutcome, type ProducedOutput, warningLine } from '../engine/execution-unit.js';
import { MemoryJournal, type ProcessEnd } from '../flows/memory-journal.js';
import type { InputRequest } from '../flows/step-journal.js';
import { ProcessRegistry } from '../processes/process-registry.js';
import type { RegisteredProcess } from '../processes/registered-process.js';
import { ValueValidators } from '../processes/validation/value-validator.js';
import type { LocalObserver } from './local-observer.js';
import { violationsHere } from './violations-here.js';

/** How deep processes may call each other. */
const DEEPEST = 8;
/** Processes at work at once on each level, each of them in an executor. */
const MOST_PER_LEVEL = 4;
/** Bytes of JSON; a larger output of another process is handed on as a file. */
const LARGEST_VALUE = 1024 ** 2;
/** Violations that the message of a fault names. */
const MOST_NAMED = 5;

/** One execution and what it needs. */
export interface LocalRun {
  readonly process: RegisteredProcess;
  /** Resolved and validated values by input id. */
  readonly inputs: Record<string, unknown>;
  /** Ids of the outputs to keep; absent: all. */
  readonly outputs?: readonly string[];
  /** absolute; for files */
  readonly directory: string;
  readonly observer: LocalObserver;
  readonly signal: AbortSignal;
}

/**
 * Runs processes without jobs, as jobs would run: in executors, with time limits and retries. Steps are remembered
 * until the run ends, questions go to whoever observes it, and other processes that a flow executes run here as well.
 */
@Injectable()
export class LocalRunner {
  private readonly validators = new ValueValidators('inputs');
  private readonly levels: LimitFunction[] = Array.from({ length: DEEPEST }, () => pLimit(MOST_PER_LEVEL));

  constructor(
    private readonly registry: ProcessRegistry,
    private readonly engine: Engine,
    private readonly settings: Settings,
  ) {}

  /** @throws the reason of the signal, or what a question was rejected with; everything else is in the outcome */
  async run(run: LocalRun): Promise<ExecutionOutcome> {
    const stop = new AbortController();
    const signal = AbortSignal.any([run.signal, stop.signal]);
    const outcome = await this.atLevel({ ...run, signal }, 0, stop);
    if (outcome.kind === 'cancelled') signal.throwIfAborted();
    return outcome;
  }

  private async atLevel(run: LocalRun, level: number, stop: AbortController): Promise<ExecutionOutcome> {
    const { process, inputs, outputs, observer, signal } = run;
    const { id } = process.description;
    const journal = new MemoryJournal(
      (request, key) => this.ask(request, key, run, stop),
      (called, key) => this.call(called, key, run, level + 1, stop),
    );
    const timeLimit = process.policy.timeout ?? this.settings.JOB_TIMEOUT;
    const unit = { jobId: uuid(), processId: id, inputs, outputs, timeLimit };
    let left = timeLimit;
    for (let attempt = 1; ; attempt++) {
      const started = performance.now();
      const directory = join(run.directory, String(attempt));
      const outcome = await this.engine.run({ ...unit, attempt, timeout: left, directory }, observer, signal, journal);
      if (outcome.kind !== 'failed' || outcome.retry === undefined) return outcome;
      left = Math.max(1, left - (performance.now() - started));
      journal.forgetFailures();
      const message = `Attempt ${attempt} failed, another one follows in ${outcome.retry.delay} ms: ${outcome.fault.detail}`;
      observer.log(warningLine(message));
      const isStopped = await delay(outcome.retry.delay, false, { signal }).catch(() => true);
      if (isStopped) return { kind: 'cancelled' };
    }
  }

  private async ask(request: InputRequest, key: string, run: LocalRun, stop: AbortController): Promise<unknown> {
    const { schema, message } = request;
    const validator = this.validators.compile(schema);
    try {
      const violationsOf = (answer: unknown) => validator.validate(answer, '');
      return await run.observer.ask({ key, schema, violationsOf, ...(message !== undefined && { message }) });
    } catch (error) {
      stop.abort(error);
      // The run ends by the signal.
      return await new Promise<never>(() => undefined);
    }
  }

  private async call(
    called: { readonly id: string; readonly inputs: Readonly<Record<string, unknown>> },
    key: string,
    caller: LocalRun,
    level: number,
    stop: AbortController,
  ): Promise<ProcessEnd> {
    const failed = (message: string) => ({ fault: { name: 'ChildJobFailed', message } });
    if (level >= DEEPEST) return failed(`Processes call each other more than ${DEEPEST} levels deep.`);
    const process = this.registry.find(called.id);
    if (process === undefined) return failed(`There is no process with the id ${JSON.stringify(called.id)}.`);
    const inputs = structuredClone(called.inputs) as Record<string, unknown>;
    const violations = await violationsHere(process, inputs);
    if (violations.length > 0) {
      const named = violations.slice(0, MOST_NAMED).map(({ pointer, detail }) => `${pointer}: ${detail}`);
      return failed(`The inputs do not fit the process "${called.id}": ${named.join(' ')}`);
    }
    const directory = join(caller.directory, uuid());
    const observer: LocalObserver = {
      progress: () => undefined,
      log: (line) => caller.observer.log({ ...line, data: { ...line.data, task: within(key, line.data?.task) } }),
      ask: (question) => caller.observer.ask({ ...question, key: within(key, question.key) }),
    };
    const run: LocalRun = { process, inputs, directory, observer, signal: caller.signal };
    const outcome = await this.levels[level](() => this.atLevel(run, level, stop));
    if (outcome.kind === 'succeeded') return { value: await valuesOf(outcome.outputs) };
    const reason = 'fault' in outcome ? outcome.fault.detail : 'it was cancelled';
    return failed(`The process "${called.id}" failed: ${reason}`);
  }
}

function within(key: string, inner: unknown): string {
  return typeof inner === 'string' ? `${key}/${inner}` : key;
}

/** Outputs by id as a flow gets them: JSON values, also where they were kept as files; of another file, where it is. */
async function valuesOf(outputs: Readonly<Record<string, ProducedOutput>>): Promise<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  for (const [id, output] of Object.entries(outputs)) {
    if (output.kind === 'value') values[id] = output.value;
    else {
      const { path, size, sha256, mediaType } = output;
      const isValue = /[/+]json$/.test(mediaType) && size <= LARGEST_VALUE;
      values[id] = isValue ? (JSON.parse(await readFile(path, 'utf8')) as unknown) : { path, size, sha256, mediaType };
    }
  }
  return values;
}
