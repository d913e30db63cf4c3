import { IsBoolean, IsNotEmpty, IsOptional, IsString } from 'class-validator';
import { Block } from '../../blocks/decorators/block.decorator.js';
import { Field } from '../../blocks/decorators/field.decorator.js';
import { AwsCredentialsBlock } from '../../blocks/types/aws-credentials.block.js';
import { S3Storage } from '../s3/s3-storage.js';
import { StorageBlock, type StorageTools } from '../storage-block.js';

/** A bucket of Amazon S3 or of a service like it. */
@Block({ type: 's3', title: 'S3 bucket', description: 'A bucket of Amazon S3 or of a service like it' })
export class S3Block extends StorageBlock {
  @Field({ title: 'Bucket' })
  @IsString()
  @IsNotEmpty()
  bucket!: string;

  @Field({ title: 'Prefix', description: 'All keys lie below it' })
  @IsOptional()
  @IsString()
  prefix?: string;

  @Field({ title: 'Endpoint', description: 'URL of the service; absent: Amazon S3' })
  @IsOptional()
  @IsString()
  endpoint?: string;

  @Field({ title: 'Region' })
  @IsOptional()
  @IsString()
  region?: string;

  @Field({ title: 'Path style', description: 'http://host/bucket/key rather than http://bucket.host/key' })
  @IsOptional()
  @IsBoolean()
  forcePathStyle?: boolean;

  @Field({ title: 'Credentials', block: 'aws-credentials' })
  @IsOptional()
  credentials?: AwsCredentialsBlock;

  open({ addresses }: StorageTools): S3Storage {
    const { bucket, prefix, endpoint, region, forcePathStyle, credentials } = this;
    const options = { bucket, prefix, endpoint, region: region ?? credentials?.region, forcePathStyle, credentials };
    return new S3Storage(options, addresses);
  }
}
