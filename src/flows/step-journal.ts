import type { ProcessFault } from './process-fault.js';

/**
 * What a step is: a `@Task()` method, a `context.run`, a `context.sleep`, a `context.waitForInput`, or a job of another
 * process (`context.runProcess`).
 */
export type StepKind = 'task' | 'run' | 'sleep' | 'input' | 'process';

/** An output of the job that a step wrote as a file. It is kept with the step, whose result is not computed again. */
export interface StepOutput {
  readonly id: string;
  /** absolute */
  readonly path: string;
  /** bytes */
  readonly size: number;
  /** lower-case hexadecimal */
  readonly sha256: string;
  readonly mediaType: string;
}

/** What a person or a program is asked for (`context.waitForInput`, `PauseSignal`). */
export interface InputRequest {
  /** JSON Schema that the answer must satisfy */
  readonly schema: Readonly<Record<string, unknown>>;
  readonly message?: string;
  /** milliseconds until nobody is expected to answer any more */
  readonly timeout: number;
}

/** Where a step looks for an earlier result before it runs. */
export interface StepCache {
  /** What makes two results the same: a digest made of process, version, task and canonical arguments. */
  readonly key: string;
  readonly scope: 'job' | 'process' | 'global';
  /** milliseconds; absent = as long as the origin is kept */
  readonly ttl?: number;
  /** True: earlier results are not looked at, and replaced. */
  readonly refresh?: boolean;
}

/** At most `limit` holders of `key` at once, over all jobs and nodes. */
export interface ConcurrencyLimit {
  readonly key: string;
  readonly limit: number;
}

/** A place among the arguments of a task that JSON cannot fill. @property at the way to it, from its argument on */
export type RemoteMark = { readonly at: readonly (string | number)[] } & (
  | { readonly is: 'context' | 'inputs' | 'nothing' }
  /** @property path absolute */
  | {
      readonly is: 'file';
      readonly path: string;
      readonly size: number;
      readonly mediaType: string;
      readonly name?: string;
    }
);

/** What a task is called with, as another worker is given it. */
export interface RemoteArguments {
  /** JSON values; null at the places of the marks */
  readonly values: readonly unknown[];
  readonly marks?: readonly RemoteMark[];
}

/** A step that wants to begin. */
export interface StepStart {
  /** unique in the job and the same at every replay */
  readonly key: string;
  /** for people: the task's name, or the key that the author gave */
  readonly name: string;
  readonly kind: StepKind;
  /** key of the task in which this step was called */
  readonly parent?: string;
  /** digest of what the step was called with; another one at a replay is a drift */
  readonly inputHash: string;
  /** `rerun`: a drift makes the step run anew; `fail` (default) ends the job with NonDeterminismError. */
  readonly onDrift?: 'fail' | 'rerun';
  /** keys of the steps whose results this one uses, as far as they are known */
  readonly after: readonly string[];
  readonly tags?: readonly string[];
  readonly cache?: StepCache;
  readonly limits?: readonly ConcurrencyLimit[];
  /**
   * Of kind `task`: it may be run by another worker, with these arguments. A journal that can have that done answers with
   * what came of it, or with `suspend`; another one has it run by the flow itself.
   */
  readonly arguments?: RemoteArguments;
  /** of kind `sleep`: milliseconds */
  readonly sleep?: number;
  /** of kind `input` */
  readonly request?: InputRequest;
  /** of kind `process` */
  readonly process?: { readonly id: string; readonly inputs: Readonly<Record<string, unknown>> };
}

/** What is to be done about a step that wants to begin. */
export type StepVerdict =
  | {
      readonly do: 'run';
      /** 1 for the first attempt */
      readonly attempt: number;
      /** what was answered to the `PauseSignal` of the attempt before */
      readonly answer?: unknown;
    }
  /** It has a result: of an earlier attempt of the job, of the cache, an answer that came, a job that ended, a slept time. */
  | {
      readonly do: 'return';
      readonly value?: unknown;
      readonly outputs?: readonly StepOutput[];
      /** It ended as `Skipped`: tasks after it are told so. */
      readonly skipped?: boolean;
    }
  | { readonly do: 'throw'; readonly fault: ProcessFault }
  /** Nothing now: the step waits for something, or the job is being paused. The job gives its worker free. */
  | { readonly do: 'suspend' }
  /** The job is not this executor's any more, or is being dismissed: nothing may begin. */
  | { readonly do: 'stop' };

/** How an attempt of a step ended. */
export type StepEnd = { readonly key: string } & (
  | {
      readonly end: 'completed';
      readonly name: 'Completed' | 'Skipped';
      /** a JSON value */
      readonly value?: unknown;
      readonly message?: string;
      readonly outputs?: readonly StepOutput[];
    }
  | { readonly end: 'failed'; readonly name: 'Failed' | 'TimedOut' | 'TriggerFailed'; readonly fault: ProcessFault }
  /** The attempt failed and another one follows. @property delay milliseconds */
  | { readonly end: 'retry'; readonly fault: ProcessFault; readonly delay: number }
  /** The attempt waits for an answer (`PauseSignal`) and is made anew with it. */
  | { readonly end: 'paused'; readonly request: InputRequest }
);

/** `go`: the flow goes on; the others as in {@link StepVerdict}. */
export type StepReceipt = { readonly do: 'go' | 'suspend' | 'stop' };

/** Something a flow shows to people, `context.artifact`. The same key again replaces it. */
export interface Artifact {
  readonly key: string;
  readonly type: 'table' | 'markdown' | 'link' | 'image' | 'progress';
  /** a JSON value whose shape depends on `type` */
  readonly data: unknown;
  readonly description?: string;
  /** key of the step that made it */
  readonly step?: string;
}

/**
 * The memory of a job's steps, as the code of a flow sees it. What it says is on record: a step that ended is never run
 * again (promise P2), and nothing is written once the job belongs to somebody else.
 *
 * Rejects only when the channel to the service is gone; an outage of the database is waited out.
 */
export abstract class StepJournal {
  abstract begin(step: StepStart): Promise<StepVerdict>;
  abstract end(end: StepEnd): Promise<StepReceipt>;
  abstract keep(artifact: Artifact): Promise<void>;
}
