import type { TaskGraph } from '../flows/graph/task-graph.js';
import { InputFile } from '../processes/input-file.js';
import type { ExecutionUnit, LogLine } from './execution-unit.js';
import type { HandlerOutcome } from './run-handler.js';
import type { Conclusion } from './state-hooks.js';
import type { StepAnswer, StepAsk } from './step-asks.js';
import type { StorageAnswer, StorageAsk } from './storage-asks.js';
import type { StopReason } from './time-limit.js';

/**
 * What an executor is told at its start, as one command line argument: visible to every user of the machine, so no
 * secrets.
 */
export interface ExecutorStart {
  /** id of the operating-system process that must stay alive */
  readonly parent: number;
  /** bytes of resident memory beyond which the executor ends itself */
  readonly residentLimit: number;
  /** bytes, see INLINE_OUTPUT */
  readonly inlineOutput: number;
  /** see PROCESS_MODULES */
  readonly processModules: readonly string[];
  /** see CATALOG */
  readonly catalog: boolean;
}

/** A process that an executor can run. */
export interface ExecutableProcess {
  readonly id: string;
  readonly version: string;
}

/** Inputs on the wire: JSON, with the places of files named beside it, so that no value can pass for a file. */
export interface WireInputs {
  readonly values: Record<string, unknown>;
  readonly files: readonly {
    readonly input: string;
    /** position among the occurrences of the input; absent when it is no array */
    readonly index?: number;
    readonly path: string;
    readonly size: number;
    readonly mediaType: string;
    readonly name?: string;
  }[];
}

/** To the executor. `run` numbers the runs of one executor; a message about an earlier run is ignored. */
export type ExecutorCommand =
  | {
      readonly type: 'run';
      readonly run: number;
      readonly unit: Omit<ExecutionUnit, 'inputs' | 'secrets'>;
      readonly inputs: WireInputs;
      /** Whether the service keeps the steps of this run and answers asks; else the executor keeps them itself. */
      readonly durable: boolean;
    }
  /** Find out the steps of a flow, with placeholders for its inputs; the executor answers `traced`. */
  | { readonly type: 'trace'; readonly run: number; readonly processId: string }
  | { readonly type: 'stop'; readonly run: number; readonly reason: StopReason }
  | { readonly type: 'answer'; readonly run: number; readonly ask: number; readonly answer: StepAnswer }
  | { readonly type: 'storage-answer'; readonly run: number; readonly ask: number; readonly answer: StorageAnswer }
  /** The outcome of the run stands. Said to a run whose result has `hooks`; the executor answers `hooked`. */
  | { readonly type: 'concluded'; readonly run: number; readonly conclusion: Conclusion };

/** News of a run since the last message; the result carries the last of it, so a quiet run costs one message. */
export interface RunNews {
  readonly lines?: readonly LogLine[];
  readonly progress?: { readonly percent: number; readonly message?: string };
}

/** From the executor. */
export type ExecutorMessage =
  | { readonly type: 'ready'; readonly processes: readonly ExecutableProcess[] }
  | { readonly type: 'start-failed'; readonly detail: string }
  | { readonly type: 'news'; readonly run: number; readonly news: RunNews }
  /** A call of the journal. What was told before it comes with it, so that it is heard in this order. */
  | ({ readonly type: 'ask'; readonly run: number; readonly ask: number; readonly news: RunNews } & StepAsk)
  /** Something to be done in a storage. */
  | ({ readonly type: 'storage'; readonly run: number; readonly ask: number; readonly news: RunNews } & StorageAsk)
  | {
      readonly type: 'result';
      readonly run: number;
      readonly news: RunNews;
      readonly outcome: HandlerOutcome;
      /** The process has code to call once the outcome stands; the executor takes no other unit before. */
      readonly hooks?: boolean;
    }
  | { readonly type: 'hooked'; readonly run: number; readonly news: RunNews }
  | { readonly type: 'traced'; readonly run: number; readonly graph: TaskGraph }
  /** User code broke out of its promise chain; the executor exits. Without `run` it happened between two runs. */
  | { readonly type: 'fatal'; readonly run?: number; readonly news?: RunNews; readonly detail: string };

/** Inputs in the form of JSON: files leave their place as null and are listed beside it. See {@link fromWireInputs}. */
export function toWireInputs(inputs: Record<string, unknown>): WireInputs {
  const files: WireInputs['files'][number][] = [];
  const values: Record<string, unknown> = { ...inputs };
  const replace = (input: string, { path, size, mediaType, name }: InputFile, index?: number) => {
    files.push({ input, index, path, size, mediaType, ...(name !== undefined && { name }) });
    return null;
  };
  for (const [input, value] of Object.entries(inputs)) {
    if (value instanceof InputFile) values[input] = replace(input, value);
    else if (Array.isArray(value) && value.some((item) => item instanceof InputFile)) {
      values[input] = value.map((item: unknown, index) =>
        item instanceof InputFile ? replace(input, item, index) : item,
      );
    }
  }
  return { values, files };
}

/** Puts the files back into their places, as the executor's own `InputFile`s. */
export function fromWireInputs({ values, files }: WireInputs): Record<string, unknown> {
  for (const { input, index, path, size, mediaType, name } of files) {
    const file = new InputFile(path, size, mediaType, name);
    if (index === undefined) values[input] = file;
    else (values[input] as unknown[])[index] = file;
  }
  return values;
}
