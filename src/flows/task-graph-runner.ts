import { taskDefinition } from '../processes/definition/step-definitions.js';
import type { TaskDefinition } from '../processes/definition/task-definition.js';
import type { TaskMark } from '../processes/decorators/task-mark.js';
import { plainMethod, tasksOf } from '../processes/decorators/task.decorator.js';
import { PauseSignal, SkipSignal } from '../processes/flow-signals.js';
import type { TaskCall } from '../processes/running-flow.js';
import type { StepHost } from './step-host.js';
import { planTask } from './task-plan.js';
import { TriggerFailedError } from './trigger-failed.error.js';
import { decide, type UpstreamEnd } from './triggers.js';

/** How a task of a declared graph ended. */
type TaskEnd =
  | { readonly end: 'successful' | 'skipped'; readonly key: string; readonly value: unknown }
  | { readonly end: 'failed'; readonly key: string; readonly error: unknown };

/** The tasks of a declared graph: those with `after`, and those they name. */
export function declaredTasks(tasks: readonly TaskDefinition[]): TaskDefinition[] {
  const named = new Set(tasks.flatMap(({ after = [] }) => after));
  return tasks.filter(({ name, after }) => after !== undefined || named.has(name));
}

/**
 * `context.runTasks`: runs each task as soon as those before it have ended, and all that can run at once.
 * @throws the failure of the first task, in the order of declaration, that no other comes after
 */
export async function runTaskGraph(session: StepHost, inputs: unknown): Promise<Record<string, unknown>> {
  const { handler } = session.options.process;
  const marks = new Map<string, TaskMark>();
  for (const mark of tasksOf(Reflect.getPrototypeOf(handler)!)) marks.set(taskDefinition(mark).name, mark);
  const tasks = declaredTasks([...marks.values()].map(taskDefinition));
  if (tasks.length === 0) {
    throw new Error('runTasks: no task of the process is declared with `after`; name the tasks that come before it.');
  }
  const byName = new Map(tasks.map((task) => [task.name, task]));
  const running = new Map<string, Promise<TaskEnd>>();
  const start = (task: TaskDefinition): Promise<TaskEnd> => {
    const begun = running.get(task.name);
    if (begun) return begun;
    const upstream = (task.after ?? []).map((name) => start(byName.get(name)!));
    const end = runTask(session, task, marks.get(task.name)!, inputs, upstream);
    running.set(task.name, end);
    return end;
  };
  const ends = await Promise.all(tasks.map(start));
  const named = new Set(tasks.flatMap(({ after = [] }) => after));
  for (const [index, end] of ends.entries()) {
    if (end.end === 'failed' && !named.has(tasks[index].name)) throw end.error;
  }
  return Object.fromEntries(
    ends.map((end, index) => [tasks[index].name, end.end === 'failed' ? undefined : end.value]),
  );
}

async function runTask(
  session: StepHost,
  task: TaskDefinition,
  mark: TaskMark,
  inputs: unknown,
  upstream: readonly Promise<TaskEnd>[],
): Promise<TaskEnd> {
  const before = await Promise.all(upstream);
  const names = task.after ?? [];
  const results = Object.fromEntries(
    before.map((end, index) => [names[index], end.end === 'failed' ? undefined : end.value]),
  );
  const args = [inputs, results];
  const { handler } = session.options.process;
  const call: TaskCall = { mark, args, method: () => undefined };
  const plan = planTask(session, call);
  const ends = before.map(({ end }): UpstreamEnd => end);
  const decision = decide(task.when, ends, task.skipOnUpstreamSkip);
  const gate = () => {
    if (decision === 'skip') throw new SkipSignal('A task before it was skipped');
    if (decision === 'fail') throw new TriggerFailedError(triggerFailure(task, names, ends));
    if (decision === 'wait' && session.frame().step?.answer === undefined) {
      throw new PauseSignal({ type: 'object' }, { message: `The task "${task.name}" waits to be started` });
    }
  };
  try {
    const result = await session.step({
      ...plan,
      // What the ends before it say is said here.
      isRemotable: plan.isRemotable === true && decision === 'run',
      start: { ...plan.start, after: before.map((end) => end.key) },
      work: () => {
        gate();
        return plainMethod((handler as unknown as Record<string, unknown>)[mark.method]).apply(handler, args);
      },
    });
    return { end: result.isSkipped ? 'skipped' : 'successful', key: result.key, value: result.value };
  } catch (error) {
    session.frame().signal.throwIfAborted();
    return { end: 'failed', key: session.frame().scope.prefix + task.name, error };
  }
}

function triggerFailure(
  { name, when }: TaskDefinition,
  names: readonly string[],
  ends: readonly UpstreamEnd[],
): string {
  const said = names.map((upstream, index) => `${upstream} ${ends[index]}`).join(', ');
  return `The task "${name}" did not run: it wants ${typeof when === 'string' ? when : JSON.stringify(when)}, and there was ${said}`;
}
