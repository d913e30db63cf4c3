import type { InputOptions } from './process-options.js';
import { PropertyMarks } from './property-marks.js';

const marks = new PropertyMarks<InputOptions>('sluice:inputs');

/**
 * Makes a property of a DTO an input of the process; its name is the input id. What class-validator says about the
 * property goes into the schema.
 *
 * @example
 * ```ts
 * export class GreetInputs {
 *   @Input({ title: 'Name' })
 *   @IsString() @MaxLength(100)
 *   name!: string;
 *
 *   @Input({ title: 'Area', format: 'ogc-bbox' })
 *   @IsOptional()
 *   area?: BoundingBox;
 *
 *   @Input({ title: 'Recordings', maxOccurs: 'unbounded', encoding: 'base64' })
 *   recordings!: InputFile[];
 * }
 * ```
 */
export function Input(options: InputOptions = {}): PropertyDecorator {
  return (prototype, property) => marks.set(prototype, property, options);
}

/** The inputs declared by a DTO class and its base classes, in the order of declaration, base first. */
export function inputsOf(dto: { readonly prototype: object }): ReadonlyMap<string, InputOptions> {
  return marks.of(dto.prototype);
}
