import { IsString, MinLength } from 'class-validator';
import { SECRET_TYPE } from '../definition/block-fields.js';
import { Block } from '../decorators/block.decorator.js';
import { Field } from '../decorators/field.decorator.js';
import { Secret } from '../decorators/secret.decorator.js';

/** One secret text, such as a token or a password. */
@Block({ type: SECRET_TYPE, title: 'Secret', description: 'One secret text, such as a token or a password' })
export class SecretBlock {
  @Field({ title: 'Value' })
  @Secret()
  @IsString()
  @MinLength(1)
  value!: string;
}
