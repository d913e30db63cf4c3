import { taskDefinition } from '../processes/definition/step-definitions.js';
import type { TaskMark } from '../processes/decorators/task-mark.js';
import { plainMethod, tasksOf } from '../processes/decorators/task.decorator.js';
import type { RemoteArguments } from './step-journal.js';

/** A task that runs by itself, apart from the flow that called it. JSON. */
export interface RemoteTask {
  /** of the step */
  readonly key: string;
  /** of the task */
  readonly name: string;
  /** What it was called with, see {@link RemoteArguments}. */
  readonly arguments: RemoteArguments;
  readonly inputHash: string;
}

/** @throws Error when the process has no such task (any more) */
export function taskOf(
  handler: object,
  name: string,
): { readonly mark: TaskMark; readonly method: (args: readonly unknown[]) => unknown } {
  const mark = tasksOf(Reflect.getPrototypeOf(handler)!).find((known) => taskDefinition(known).name === name);
  if (mark === undefined) {
    throw new Error(
      `The process has no task "${name}", which an earlier version of it began; give it a new major version.`,
    );
  }
  const task = (handler as Record<string, unknown>)[mark.method];
  return { mark, method: (args) => plainMethod(task).apply(handler, [...args]) };
}
