import type { Type } from '@nestjs/common';
import type { Readable } from 'node:stream';
import type { EntityManager } from 'typeorm';
import type { Duration } from './decorators/process-options.js';
import type { StepOptions } from './decorators/task-options.js';

/** Writes lines to the log of the job (`GET /jobs/{jobID}/logs`). `data` is JSON and kept beside the message. */
export interface JobLogger {
  debug(message: string, data?: Record<string, unknown>): void;
  info(message: string, data?: Record<string, unknown>): void;
  warn(message: string, data?: Record<string, unknown>): void;
  error(message: string, data?: Record<string, unknown>): void;
}

/** How much a log line matters, from `debug` to `error`. */
export type LogLevel = keyof JobLogger;

/** Bytes of an output: anything that can be streamed to a file without holding it whole. */
export type OutputContent = Readable | AsyncIterable<Uint8Array> | Uint8Array | string;

/** Outputs that are files rather than JSON values. An output written here is not returned by `execute`. */
export interface JobOutputs {
  /** Streams `content` into the output `outputId`. Resolves when every byte is on disk. */
  write(outputId: string, content: OutputContent, options?: { mediaType?: string }): Promise<void>;
  /**
   * Makes a file that another tool wrote the content of `outputId`. The file is moved, not copied, so it should lie
   * in {@link JobContext.workDirectory}.
   */
  file(outputId: string, path: string, options?: { mediaType?: string }): Promise<void>;
}

/** What is known of one object in a storage. */
export interface StorageObject {
  readonly key: string;
  /** bytes */
  readonly size: number;
  readonly modified?: Date;
  readonly mediaType?: string;
}

/** Options of `put` of a storage. */
export interface StoragePutOptions {
  mediaType?: string;
  overwrite?: boolean;
}

/**
 * Objects under keys, whose segments are divided by `/`. What a storage does not do rejects with a `StorageError`, whose
 * `fault` says why: `not-found`, `forbidden`, `unavailable` ...
 */
export interface JobStorage {
  /** Streams the content of an object. */
  get(key: string): Promise<Readable>;
  /**
   * Streams content to a key. It is seen whole or not at all; an object that was there is replaced.
   * @param options.overwrite false: it is left alone, and the fault is `exists`
   */
  put(key: string, content: OutputContent, options?: StoragePutOptions): Promise<StorageObject>;
  stat(key: string): Promise<StorageObject>;
  /** The objects whose keys begin with a prefix, in the order of their keys. @param after only keys behind this one */
  list(prefix?: string, after?: string): AsyncIterable<StorageObject>;
  /** Nothing happens when there is no such object. */
  delete(key: string): Promise<void>;
}

/** What every execution may use, steps aside. */
export interface PlainContext {
  /** The job's id; also made for an execution that leaves no job. */
  readonly jobId: string;
  /**
   * Aborted when the job is dismissed, reaches its time limit, or the worker shuts down; inside of a step also when the
   * time limit of the step passes. Stop early when it fires.
   */
  readonly signal: AbortSignal;
  readonly logger: JobLogger;
  readonly outputs: JobOutputs;
  /** A directory of this execution alone, made on first use and removed when the execution ends. */
  readonly workDirectory: () => Promise<string>;
  /** The storage of the job, in a place that all jobs of the process share and no other one sees. It outlives the job. */
  readonly storage: JobStorage;
  /**
   * Another storage, all of it.
   * @param name of a block that the process declares with the option `storages`, such as `s3/data`; with the option
   *   `writesWhereAsked` also of any block that allows outputs
   * @throws Error for any other
   */
  readonly storageOf: (name: string) => JobStorage;
  /** Reports progress. @param percent 0 to 100, what is beyond counts as the nearer of the two @param message what is being done, shown in the job's status */
  readonly progress: (percent: number, message?: string) => void;
}

/** What is said of an artifact beside its data. */
export interface ArtifactOptions {
  description?: string;
}

/** Things that a job shows to people, `GET /jobs/{jobID}/artifacts`. The same key again replaces what was there. */
export interface JobArtifacts {
  /** @param rows one object per row, of JSON values; the members of the first are the columns */
  table(key: string, rows: readonly object[], options?: ArtifactOptions): Promise<void>;
  markdown(key: string, text: string, options?: ArtifactOptions): Promise<void>;
  /**
   * @param href `http:`, `https:`, a reference into a storage (`s3:`, `block:`), or relative
   * @throws TypeError for any other address, such as `javascript:`
   */
  link(key: string, href: string, options?: ArtifactOptions & { title?: string }): Promise<void>;
  /**
   * @param href address of the image, as of a link, or a URI with `data:image/`
   * @throws TypeError for any other address
   */
  image(key: string, href: string, options?: ArtifactOptions & { title?: string }): Promise<void>;
  /** @param percent 0 to 100; what is beyond counts as the nearer of the two */
  progress(key: string, percent: number, options?: ArtifactOptions): Promise<void>;
}

/** Options of `context.map`. */
export interface MapOptions<Item> {
  /**
   * What tells an element apart: part of the keys of the steps called for it. Default: the element itself when it is a
   * string or a number, else a digest of it.
   */
  key?: (item: Item, index: number) => string | number;
  /** How many elements are worked on at once. Default 8. */
  concurrency?: number;
  /** Takes the place of `map` in the keys of the steps. */
  name?: string;
}

/** What can be waited for: a class whose properties say what is asked, or a JSON Schema. */
export type Question<Answer> = Type<Answer> | Readonly<Record<string, unknown>>;

/** How another process is executed, typed by its class. */
export interface RunProcess {
  <Inputs, Outputs>(
    process: Type<{ execute(inputs: Inputs, context: never): Outputs | Promise<Outputs> }>,
    inputs: Inputs,
    options?: { key?: string },
  ): Promise<Outputs>;
  (
    process: string,
    inputs?: Readonly<Record<string, unknown>>,
    options?: { key?: string },
  ): Promise<Record<string, unknown>>;
}

/**
 * Steps: what a job remembers. A job that goes on after an interruption calls its code anew, and each step that ended
 * returns what it returned then. Results are JSON values of at most 1 MiB.
 */
export interface StepContext {
  /**
   * Runs code as a step.
   * @param key unique among the steps that run at once in the same place
   * @throws TaskFailedError when the code failed for good
   */
  readonly run: <Result>(
    key: string,
    work: () => Result | Promise<Result>,
    options?: StepOptions,
  ) => Promise<Awaited<Result>>;
  /**
   * Calls `work` for every item, several at a time; the steps called there belong to their element.
   * @returns the results in the order of the items; rejects with the first failure, and begins no further element then
   */
  readonly map: <Item, Result>(
    items: Iterable<Item>,
    work: (item: Item, index: number) => Result | Promise<Result>,
    options?: MapOptions<Item>,
  ) => Promise<Awaited<Result>[]>;
  /** Waits, without holding a worker when it takes long. @param options.key for several sleeps at once */
  readonly sleep: (duration: Duration, options?: { key?: string }) => Promise<void>;
  /**
   * Waits for an answer, `POST /jobs/{jobID}/resume`, without holding a worker.
   * @param question an answer that does not fit is refused
   * @param options.timeout how long an answer is waited for, default a day
   * @throws TaskFailedError when nobody answered in time
   */
  readonly waitForInput: <Answer = Record<string, unknown>>(
    key: string,
    question: Question<Answer>,
    options?: { timeout?: Duration; message?: string },
  ) => Promise<Answer>;
  /**
   * Executes another process as a job of its own and waits for its outputs, without holding a worker: its class or id,
   * its inputs, and a key where several jobs of one process run at once.
   * @throws TaskFailedError when that job does not end well
   */
  readonly runProcess: RunProcess;
  /**
   * Runs the tasks that are declared with `after`, each as soon as those before it have ended. A task is called with
   * `(inputs, results)`, the results by name of the tasks in its `after`.
   * @returns the results by name of all these tasks
   * @throws TaskFailedError when a task failed that no other task comes after
   */
  readonly runTasks: (inputs?: unknown) => Promise<Record<string, unknown>>;
  readonly artifact: JobArtifacts;
  /** The same at every attempt of the step, or outside of steps of the job: for systems that drop repeated requests. */
  readonly idempotencyKey: string;
  /** What was answered to the `PauseSignal` that the step threw before; undefined when it threw none. */
  readonly answer: unknown;
  /**
   * Inside of a task with `transactional: true`: the transaction in which the end of the task is put on record. What is
   * written through it happens exactly once.
   * @throws Error elsewhere
   */
  readonly transaction: EntityManager;
}

/** What a running process may use. One object per execution, which may be passed to tasks as an argument. */
export interface JobContext extends PlainContext, StepContext {}
