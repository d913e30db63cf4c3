import type { Violation } from '../ogc/problems/domain-error.js';
import type { ProcessDescription } from './process-description.js';
import type { ProcessCachePolicy, ProcessConcurrencyPolicy, RetryPolicy } from './definition/policies.js';
import type { StateHook, TaskDefinition } from './definition/task-definition.js';
import type { ProcessHandler } from './process-handler.js';
import type { BlockInputs } from './schema/block-input.js';

/** Stands in the place of an input's value that is yet to be fetched, or cannot be read: all that is known is that there is one. */
export const UNREAD_VALUE = Symbol('unread value');

/** How the engine treats a process; from the options of `@Process()`. */
export interface ProcessPolicy {
  /**
   * `child`: in an executor process (default). `inline`: in the event loop of the node, for short, asynchronous,
   * trusted code.
   */
  readonly isolation: 'child' | 'inline';
  /** Time limit of one execution in milliseconds; the service's JOB_TIMEOUT when absent. */
  readonly timeout?: number;
  /** False: a synchronous execution leaves no job row. */
  readonly syncJobs: boolean;
  /** Of a class with `@Flow()` only: whether its tasks run in one executor, or each as an entry of the queue. */
  readonly executor?: 'local' | 'distributed';
  /** The storage of its jobs' files, as the name of a block; the service's STORAGE when absent. */
  readonly storage?: string;
  /** Further storages that its code may use. */
  readonly storages?: readonly string[];
  /** Whether its code may also use every storage whose block allows outputs. */
  readonly writesWhereAsked?: boolean;
  readonly retry?: RetryPolicy;
  readonly cache?: ProcessCachePolicy;
  readonly concurrency?: ProcessConcurrencyPolicy;
}

/** A process that the explorer found and checked: everything compiled at start, nothing left for the hot path. */
export interface RegisteredProcess {
  readonly description: ProcessDescription;
  readonly policy: ProcessPolicy;
  readonly handler: ProcessHandler;
  /** The methods with `@Task()`; absent when there are none. */
  readonly tasks?: readonly TaskDefinition[];
  /** The methods with `@OnState()`; absent when there are none. */
  readonly hooks?: readonly StateHook[];
  /** The inputs that take references to blocks; absent when there are none. */
  readonly blockInputs?: BlockInputs;

  /**
   * Validates resolved input values against the description, filling in defaults in place. An input that may occur
   * more than once is an array; a binary input is an `InputFile`.
   * @param blocks `referred`: references to blocks stand in the places of their values, and what only an instance of the
   *   inputs' class can tell is not looked at where there are any; `resolved`: there are values in all places
   * @returns every violation, with pointers such as `/inputs/name`; empty when valid
   */
  validateInputs(values: Record<string, unknown>, blocks?: 'referred' | 'resolved'): Violation[] | Promise<Violation[]>;

  /**
   * The part of {@link validateInputs} that looks at one input after the other: which there are, how often each occurs,
   * and its values. What all of them mean together is not looked at. Fills in defaults in place, too.
   * @param values some of them may be `UNREAD_VALUE`, which counts as an occurrence with nothing wrong
   * @returns every violation, in the words of {@link validateInputs}
   */
  validateEachInput(values: Record<string, unknown>): Violation[];

  /** Turns validated values into an instance of the inputs' DTO class, or returns them as they are without one. */
  reviveInputs(values: Record<string, unknown>): Record<string, unknown>;

  /**
   * Validates the outputs of an execution.
   * @param values outputs returned by `execute`, as JSON values
   * @param files ids of the outputs written as files; these are checked for being declared only
   * @returns every violation, with pointers such as `/outputs/result`
   */
  validateOutputs(values: Record<string, unknown>, files: ReadonlySet<string>): Violation[];
}
