import { AsyncLocalStorage } from 'node:async_hooks';
import type { TaskMark } from './decorators/task-mark.js';

/** A call of a task that the run of a flow takes over. */
export interface TaskCall {
  readonly mark: TaskMark;
  readonly args: readonly unknown[];
  /** Runs the method itself. */
  readonly method: () => unknown;
}

/** Where the calls of tasks go while a flow runs. */
export interface RunningFlow {
  callTask(call: TaskCall): Promise<unknown>;
}

/** What is known, wherever code runs, of the flow it belongs to. */
export interface FlowFrame {
  readonly flow: RunningFlow;
}

const KEY = Symbol.for('sluice:flow-frames');
const shared = globalThis as { [KEY]?: AsyncLocalStorage<FlowFrame> };

/**
 * The frame of the code that runs. One object for all copies of this package, so that the tasks of a process that brings
 * its own copy find the flow.
 */
export const flowFrames: AsyncLocalStorage<FlowFrame> = (shared[KEY] ??= new AsyncLocalStorage<FlowFrame>());
