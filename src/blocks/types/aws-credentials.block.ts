import { IsNotEmpty, IsOptional, IsString } from 'class-validator';
import { Block } from '../decorators/block.decorator.js';
import { Field } from '../decorators/field.decorator.js';
import { Secret } from '../decorators/secret.decorator.js';

/** Keys for Amazon Web Services and for what speaks its protocols. */
@Block({ type: 'aws-credentials', title: 'AWS credentials', description: 'Keys for S3 and for services like it' })
export class AwsCredentialsBlock {
  @Field({ title: 'Access key id' })
  @IsString()
  @IsNotEmpty()
  accessKeyId!: string;

  @Field({ title: 'Secret access key' })
  @Secret()
  @IsString()
  @IsNotEmpty()
  secretAccessKey!: string;

  @Field({ title: 'Session token', description: 'Of temporary keys' })
  @Secret()
  @IsOptional()
  @IsString()
  sessionToken?: string;

  @Field({ title: 'Region' })
  @IsOptional()
  @IsString()
  region?: string;
}
