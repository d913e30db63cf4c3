import 'reflect-metadata';
import { applyDecorators, Injectable, SetMetadata } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import type { ProcessHandler } from '../process-handler.js';
import type { ProcessOptions } from './process-options.js';

// A fixed key: processes loaded next to a second copy of this package are still found.
const PROCESS_KEY = 'sluice:process';

/**
 * Publishes a class as an OGC process. The class is an ordinary Nest provider: listed in the `providers` of a module
 * it becomes available under `/processes/{id}`, and dependencies are injected into it.
 *
 * @example
 * ```ts
 * @Process({ id: 'hello-world', version: '1.0.0', inputs: GreetInputs, outputs: GreetOutputs })
 * export class HelloWorld implements ProcessHandler<GreetInputs, GreetOutputs> {
 *   execute({ name }: GreetInputs): GreetOutputs {
 *     return { result: `Hello ${name}!` };
 *   }
 * }
 *
 * @Process({ definition: new URL('./buffer.process.yaml', import.meta.url), timeout: '5m' })
 * export class BufferProcess implements ProcessHandler { ... }
 * ```
 */
export function Process(options: ProcessOptions) {
  const decorate = applyDecorators(Injectable(), SetMetadata(PROCESS_KEY, options));
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- any pair of DTOs makes a handler; `execute` narrows them
  return <T extends ProcessHandler<any, any>>(target: Type<T>): void => decorate(target);
}

/** The options a class was decorated with; undefined for a class that is no process. */
export function processOptionsOf(target: object): ProcessOptions | undefined {
  return Reflect.getOwnMetadata(PROCESS_KEY, target) as ProcessOptions | undefined;
}
