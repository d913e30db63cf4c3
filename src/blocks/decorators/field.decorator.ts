import { Input } from '../../processes/decorators/input.decorator.js';
import type { InputOptions } from '../../processes/decorators/process-options.js';
import { PropertyMarks } from '../../processes/decorators/property-marks.js';
import { blockReferenceSchema } from '../../processes/schema/block-reference.js';

const destinations = new PropertyMarks<boolean>('sluice:destinations');

/** What `@Field()` takes. */
export type FieldOptions = Pick<InputOptions, 'title' | 'description' | 'default' | 'schema' | 'format'> & {
  /**
   * The property is another block: one of this type, or of one of these. The document holds
   * `{"$block": "<type>/<name>"}`, the instance holds the instance of that block.
   */
  readonly block?: string | readonly string[];
  /**
   * The property says where the secrets of the block are sent, such as the URL of a service. Who changes it has to give
   * them again: otherwise whoever may change blocks could have them sent to a host of their own.
   */
  readonly destination?: boolean;
};

/**
 * Makes a property of a class with `@Block()` a part of its documents. What class-validator says about the property
 * goes into the schema.
 *
 * @example
 * ```ts
 * @Field({ title: 'Credentials', block: 'aws-credentials' })
 * @IsOptional()
 * credentials?: AwsCredentialsBlock;
 * ```
 */
export function Field(options: FieldOptions = {}): PropertyDecorator {
  const { block, destination = false, ...rest } = options;
  const input =
    block === undefined
      ? Input(rest)
      : Input({ ...rest, block, schema: blockReferenceSchema(typeof block === 'string' ? [block] : block) });
  return (prototype, property) => {
    destinations.set(prototype, property, destination);
    input(prototype, property);
  };
}

/** The names of the fields of a class and its base classes that say where secrets are sent. */
export function destinationsOf(type: { readonly prototype: object }): ReadonlySet<string> {
  const marks = [...destinations.of(type.prototype)];
  return new Set(marks.filter(([, isDestination]) => isDestination).map(([name]) => name));
}
