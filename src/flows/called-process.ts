import type { Type } from '@nestjs/common';
import { processOptionsOf } from '../processes/decorators/process.decorator.js';
import { readDefinitionFile } from '../processes/definition/definition-file.js';
import { FaultCollector } from '../processes/definition/invalid-process.error.js';
import { InputFile } from '../processes/input-file.js';
import { jsonArguments } from './input-hash.js';

/** A process that a flow executes as a job of its own. */
export interface CalledProcess {
  readonly id: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** What its outputs become an instance of. */
  readonly outputs?: Type;
}

/** @throws TypeError for a class that is no process, and for inputs that JSON cannot hold */
export function calledProcess(process: Type | string, inputs: Readonly<Record<string, unknown>>): CalledProcess {
  const called = typeof process === 'string' ? { id: process } : ofClass(process);
  const file = Object.entries(inputs).find(([, value]) => [value].flat().some((item) => item instanceof InputFile));
  if (file) {
    throw new TypeError(
      `runProcess("${called.id}"): the input "${file[0]}" is a file of this job; pass a reference that the other job can read.`,
    );
  }
  return { ...called, inputs: jsonArguments(called.id, [inputs])[0] as Record<string, unknown> };
}

function ofClass(process: Type): Pick<CalledProcess, 'id' | 'outputs'> {
  const options = processOptionsOf(process);
  if (!options)
    throw new TypeError(`runProcess: ${process.name} is no process; it has neither @Process() nor @Flow().`);
  if (options.definition) {
    const faults = new FaultCollector(() => process.name);
    const { id } = (readDefinitionFile(options.definition, faults) ?? {}) as { id?: unknown };
    if (typeof id === 'string') return { id };
    throw new TypeError(`runProcess: the definition of ${process.name} has no id.`);
  }
  const { id, outputs } = options;
  return typeof outputs === 'function' ? { id, outputs: outputs } : { id };
}
