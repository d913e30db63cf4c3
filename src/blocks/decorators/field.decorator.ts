import { Input } from '../../processes/decorators/input.decorator.js';
import type { InputOptions } from '../../processes/decorators/process-options.js';
import { blockReferenceSchema } from '../../processes/schema/block-reference.js';

/** What `@Field()` takes. */
export type FieldOptions = Pick<InputOptions, 'title' | 'description' | 'default' | 'schema' | 'format'> & {
  /**
   * The property is another block: one of this type, or of one of these. The document holds
   * `{"$block": "<type>/<name>"}`, the instance holds the instance of that block.
   */
  readonly block?: string | readonly string[];
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
  const { block } = options;
  if (block === undefined) return Input(options);
  return Input({ ...options, schema: blockReferenceSchema(typeof block === 'string' ? [block] : block) });
}
