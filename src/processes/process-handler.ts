import type { JobContext } from './job-context.js';

/**
 * What a class with `@Process()` implements. It is an ordinary Nest provider: dependencies are injected, and a unit
 * test may call `execute` without any engine.
 *
 * @typeParam Inputs the DTO of the inputs, already validated
 * @typeParam Outputs the DTO of the outputs, by output id; outputs written through `context.outputs` are left out
 */
export interface ProcessHandler<Inputs = Record<string, unknown>, Outputs = Record<string, unknown>> {
  execute(inputs: Inputs, context: JobContext): Outputs | Promise<Outputs>;
}
