import { hooksOf } from '../decorators/on-state.decorator.js';
import { isTask, tasksOf } from '../decorators/task.decorator.js';
import type { ProcessPolicy } from '../registered-process.js';
import type { FaultCollector } from './invalid-process.error.js';
import { readTask } from './step-definitions.js';
import type { StateHook, TaskDefinition } from './task-definition.js';

const HOOK_STATES: readonly string[] = ['COMPLETED', 'FAILED'];

/**
 * Reads the `@Task()` methods of a process and checks them, one by one and against each other.
 * @param policy of the process, which says what its tasks may do
 */
export function readTasks(
  handler: object,
  policy: Pick<ProcessPolicy, 'isolation' | 'syncJobs'>,
  faults: FaultCollector,
): TaskDefinition[] {
  const tasks = tasksOf(Reflect.getPrototypeOf(handler)!).flatMap((mark) => {
    const path = `tasks.${mark.method}`;
    if (mark.fault !== undefined) {
      faults.add(path, mark.fault);
      return [];
    }
    if (mark.method === 'execute') {
      faults.add(path, 'is the process itself and no step of it; put @Task() on the methods that it calls instead.');
      return [];
    }
    if (!isTask((handler as Record<string, unknown>)[mark.method])) {
      faults.add(path, 'overrides a task of the base class without being one; put @Task() on it.');
    }
    return readTask(mark, (where, detail) => faults.add(where, detail)) ?? [];
  });
  checkNames(tasks, faults);
  checkOrder(tasks, faults);
  checkLimits(tasks, faults);
  for (const { method } of tasks.filter(({ transactional }) => transactional)) {
    const path = `tasks.${method}.transactional`;
    if (policy.isolation !== 'inline') {
      faults.add(
        path,
        "shares a database connection, which code in an executor does not have; set `isolation: 'inline'` for the process, or remove `transactional` and use `context.idempotencyKey`.",
      );
    }
    if (!policy.syncJobs) {
      faults.add(
        path,
        'shares the transaction in which its end is put on record, and `syncJobs: false` leaves no record; remove one of the two options.',
      );
    }
  }
  return tasks;
}

/** Reads the `@OnState()` methods of a process and checks them. */
export function readHooks(handler: object, faults: FaultCollector): readonly StateHook[] {
  const hooks = hooksOf(Reflect.getPrototypeOf(handler)!);
  for (const { method, states } of hooks) {
    const path = `hooks.${method}`;
    if (typeof (handler as Record<string, unknown>)[method] !== 'function') {
      faults.add(path, 'is no method; put @OnState() on a method.');
    }
    const unknown = states.filter((state) => !HOOK_STATES.includes(state));
    if (states.length === 0 || unknown.length > 0) {
      faults.add(path, `must name states of ${HOOK_STATES.join(', ')}; it names ${unknown.join(', ') || 'none'}.`);
    }
  }
  return hooks;
}

function checkNames(tasks: readonly TaskDefinition[], faults: FaultCollector): void {
  const methods = new Map<string, string>();
  for (const { name, method } of tasks) {
    const earlier = methods.get(name);
    if (earlier === undefined) methods.set(name, method);
    else {
      faults.add(
        `tasks.${method}.name`,
        `is "${name}", as that of the task ${earlier}; give one of them another name.`,
      );
    }
  }
}

/** Jobs of all processes share a key; within one process, two limits for it can only be a mistake. */
function checkLimits(tasks: readonly TaskDefinition[], faults: FaultCollector): void {
  const limits = new Map<string, { readonly limit: number; readonly method: string }>();
  for (const { method, concurrency } of tasks) {
    for (const { key, limit } of concurrency) {
      const earlier = limits.get(key);
      if (earlier === undefined) limits.set(key, { limit, method });
      else if (earlier.limit !== limit) {
        faults.add(
          `tasks.${method}.concurrency`,
          `limits "${key}" to ${limit}, and the task ${earlier.method} limits it to ${earlier.limit}; give both the same limit, or different keys.`,
        );
      }
    }
  }
}

function checkOrder(tasks: readonly TaskDefinition[], faults: FaultCollector): void {
  const byName = new Map(tasks.map((task) => [task.name, task]));
  const before = faults.faults.length;
  for (const { method, after = [] } of tasks) {
    for (const name of after.filter((name) => !byName.has(name))) {
      const known = [...byName.keys()].join(', ');
      faults.add(`tasks.${method}.after`, `names "${name}", which is no task of this process; its tasks are ${known}.`);
    }
  }
  if (faults.faults.length > before) return;
  const ring = findRing(byName);
  if (ring) {
    faults.add('tasks', `wait for each other: ${ring.join(' -> ')}; take one of them out of an \`after\`.`);
  }
}

/** @returns the names along the first ring, its first name again at the end */
function findRing(byName: ReadonlyMap<string, TaskDefinition>): string[] | undefined {
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): string[] | undefined => {
    const at = path.indexOf(name);
    if (at >= 0) return [...path.slice(at), name].reverse();
    if (done.has(name)) return undefined;
    for (const upstream of byName.get(name)!.after ?? []) {
      const ring = visit(upstream, [...path, name]);
      if (ring) return ring;
    }
    done.add(name);
    return undefined;
  };
  for (const name of byName.keys()) {
    const ring = visit(name, []);
    if (ring) return ring;
  }
  return undefined;
}
