import type { Type } from '@nestjs/common';
import type { ProcessHandler } from '../process-handler.js';
import { Process } from './process.decorator.js';
import type { ProcessOptions } from './process-options.js';

/** What `@Flow()` takes beside what `@Process()` does. */
export type FlowOptions = ProcessOptions & {
  /**
   * `local` (default): the tasks of a job run in its executor. `distributed`: each task is an entry of the queue, and
   * any worker may take it.
   */
  executor?: 'local' | 'distributed';
};

/**
 * Publishes a class as a process made of steps: its methods with `@Task()`. The result of each step is remembered, so
 * that a job goes on where it stopped, whatever ended its worker. Code between the steps is run again then, and has to
 * take the same way: what is random, takes long or changes something belongs in a step.
 *
 * @example
 * ```ts
 * @Flow({ id: 'mosaic', version: '2.0.0', inputs: MosaicInputs, outputs: MosaicOutputs, retry: { attempts: 3 } })
 * export class MosaicFlow implements ProcessHandler<MosaicInputs, MosaicOutputs> {
 *   async execute({ area }: MosaicInputs, context: JobContext): Promise<MosaicOutputs> {
 *     const scenes = await this.search(area);
 *     const tiles = await context.map(scenes, (scene) => this.fetch(scene), { key: ({ id }) => id, concurrency: 8 });
 *     return { mosaic: await this.merge(tiles) };
 *   }
 *
 *   @Task({ retry: { attempts: 5, delay: '2s', factor: 2 } })
 *   async search(area: BoundingBox): Promise<Scene[]> { ... }
 * }
 * ```
 */
export function Flow(options: FlowOptions) {
  const process = Process(Object.assign({ executor: 'local' }, options));
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- any pair of DTOs makes a handler; `execute` narrows them
  return <T extends ProcessHandler<any, any>>(target: Type<T>): void => process(target);
}
