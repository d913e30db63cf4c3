import { flowFrames } from '../running-flow.js';
import { MethodMarks } from './method-marks.js';
import type { TaskMark } from './task-mark.js';
import type { TaskOptions } from './task-options.js';

type TaskMethod = (...args: never[]) => Promise<unknown>;

const marks = new MethodMarks<TaskMark>('sluice:tasks');
const WRAPPED = Symbol.for('sluice:task');

/**
 * Makes a method a step of a flow. Called as `this.search(x)` while the flow runs it is remembered: arguments and result
 * are JSON values, and what has ended is not run again when the job goes on elsewhere. Outside of a job it is the plain
 * method, so that a unit test needs no engine. The context may be passed to it as an argument.
 *
 * @example
 * ```ts
 * @Task({ retry: { attempts: 5, delay: '1s', factor: 2, jitter: 0.3 }, timeout: '10m', tags: ['catalog'] })
 * async search(area: BoundingBox): Promise<Scene[]> { ... }
 * ```
 */
export function Task(options: TaskOptions = {}) {
  return <Method extends TaskMethod>(
    target: object,
    property: string | symbol,
    descriptor: TypedPropertyDescriptor<Method>,
  ): void => {
    const method = String(property);
    const fault = faultOf(target, property, descriptor);
    const mark: TaskMark = { method, options, ...(fault !== undefined && { fault }) };
    marks.add(typeof target === 'function' ? (target.prototype as object) : target, mark);
    if (fault === undefined) descriptor.value = wrap(descriptor.value!, mark);
  };
}

/** The tasks declared by a class and its base classes, base first; the same method once. */
export function tasksOf(prototype: object): readonly TaskMark[] {
  const byMethod = new Map(marks.of(prototype).map((mark) => [mark.method, mark]));
  return [...byMethod.values()];
}

/** Whether a value is a method that `@Task()` has wrapped. */
export function isTask(method: unknown): boolean {
  return typeof method === 'function' && WRAPPED in method;
}

/** The method as it was written, of one that {@link isTask}. */
export function plainMethod(task: unknown): (...args: unknown[]) => unknown {
  return (task as { [WRAPPED]: (...args: unknown[]) => unknown })[WRAPPED];
}

function wrap<Method extends TaskMethod>(method: Method, mark: TaskMark): Method {
  const task = function (this: unknown, ...args: Parameters<Method>): Promise<unknown> {
    const frame = flowFrames.getStore();
    if (!frame) return method.apply(this, args);
    return frame.flow.callTask({ mark, args, method: () => method.apply(this, args) });
  };
  Object.defineProperty(task, 'name', { value: mark.method });
  Object.defineProperty(task, WRAPPED, { value: method });
  return task as Method;
}

function faultOf(
  target: object,
  property: string | symbol,
  descriptor: PropertyDescriptor | undefined,
): string | undefined {
  if (typeof property === 'symbol') return 'has a symbol for a name; give the method a string name.';
  if (typeof target === 'function') return 'is static; make it a method of the instances.';
  if (typeof descriptor?.value !== 'function') return 'is no method; put @Task() on an asynchronous method.';
  return undefined;
}
