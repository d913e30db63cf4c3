import type { OutputOptions } from './process-options.js';
import { PropertyMarks } from './property-marks.js';

const marks = new PropertyMarks<OutputOptions>('sluice:outputs');

/**
 * Makes a property of a DTO an output of the process; its name is the output id.
 *
 * @example
 * ```ts
 * export class ConvertOutputs {
 *   @Output({ title: 'Store', mediaType: 'application/zip', encoding: 'base64' })
 *   store?: Uint8Array; // written through context.outputs, hence not returned by execute
 *
 *   @Output({ title: 'Number of pings' })
 *   @IsInt()
 *   pings!: number;
 * }
 * ```
 */
export function Output(options: OutputOptions = {}): PropertyDecorator {
  return (prototype, property) => marks.set(prototype, property, options);
}

/** The outputs declared by a DTO class and its base classes, in the order of declaration, base first. */
export function outputsOf(dto: { readonly prototype: object }): ReadonlyMap<string, OutputOptions> {
  return marks.of(dto.prototype);
}
