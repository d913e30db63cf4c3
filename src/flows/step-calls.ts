import type { Type } from '@nestjs/common';
import { noDuration, parseDuration } from '../processes/definition/duration.js';
import { stepDefinition } from '../processes/definition/step-definitions.js';
import type { RunProcess, StepContext } from '../processes/job-context.js';
import { artifacts } from './artifacts.js';
import { calledProcess } from './called-process.js';
import type { StepHost } from './step-host.js';
import { mapItems } from './map-items.js';
import { answerClass, inputRequest } from './input-request.js';
import { runTaskGraph } from './task-graph-runner.js';

/** The step methods of the context. */
export function stepCalls(session: StepHost): Omit<StepContext, 'idempotencyKey' | 'answer' | 'transaction'> {
  const run: StepContext['run'] = async (key, work, options) => {
    if (typeof work !== 'function') throw new TypeError(noWork(key, work));
    const definition = stepDefinition(options);
    const { value } = await session.step({
      key: stepName(key),
      start: { name: key, kind: 'run' },
      args: [],
      definition,
      returns: definition.returns,
      work,
    });
    return value as never;
  };

  const sleep: StepContext['sleep'] = async (duration, { key = 'sleep' } = {}) => {
    const milliseconds = parseDuration(duration);
    if (milliseconds === undefined) throw new TypeError(`sleep: ${noDuration(duration)}`);
    await session.step({
      key: stepName(key),
      start: { name: key, kind: 'sleep', sleep: milliseconds },
      args: [milliseconds],
      definition: { tags: [] },
      work: (signal) => session.wait(milliseconds, signal),
    });
  };

  const waitForInput: StepContext['waitForInput'] = async (key, question, options = {}) => {
    const request = inputRequest(question, options);
    const { value } = await session.step({
      key: stepName(key),
      start: { name: key, kind: 'input', request },
      args: [request.schema],
      definition: { tags: [] },
      returns: answerClass(question),
    });
    return value as never;
  };

  const runProcess = async (
    process: Type | string,
    inputs: Readonly<Record<string, unknown>> = {},
    options: { key?: string } = {},
  ) => {
    const called = calledProcess(process, inputs);
    const { value } = await session.step({
      key: stepName(options.key ?? called.id),
      start: { name: options.key ?? called.id, kind: 'process', process: { id: called.id, inputs: called.inputs } },
      args: [called.inputs],
      definition: { tags: [] },
      returns: called.outputs,
    });
    return value;
  };

  return {
    run,
    map: (items, work, options) => mapItems(session, items, work, options),
    sleep,
    waitForInput,
    runProcess: runProcess as unknown as RunProcess,
    runTasks: (inputs) => runTaskGraph(session, inputs),
    artifact: artifacts(session),
  };
}

/** A promise, or a value, is computed whatever the job remembers. */
function noWork(key: unknown, work: unknown): string {
  const given = work instanceof Promise ? 'a Promise' : typeof work;
  return `context.run(${JSON.stringify(key)}, ...) takes a function, which it calls unless the step has ended, such as () => compute(); not ${given}`;
}

/** A key that an author chose. The characters that build keys would let it pass for a place in another step. */
function stepName(key: string): string {
  if (typeof key !== 'string' || !/^[^/#[\]\p{Cc}]{1,200}$/u.test(key)) {
    throw new TypeError(
      `The key of a step must be text of 1 to 200 characters without / # [ ], not ${JSON.stringify(key)}`,
    );
  }
  return key;
}
