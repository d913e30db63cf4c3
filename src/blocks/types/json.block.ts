import { Block } from '../decorators/block.decorator.js';
import { Field } from '../decorators/field.decorator.js';

const ANY = ['object', 'array', 'string', 'number', 'boolean'] as const;

/** Any JSON value; nothing of it is secret. */
@Block({ type: 'json', title: 'JSON', description: 'Any JSON value that is no secret' })
export class JsonBlock {
  @Field({ title: 'Value', schema: { anyOf: ANY.map((type) => ({ type })) } })
  value!: unknown;
}
