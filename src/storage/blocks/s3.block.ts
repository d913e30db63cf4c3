import { IsBoolean, IsNotEmpty, IsOptional, IsString, Matches } from 'class-validator';
import { Block } from '../../blocks/decorators/block.decorator.js';
import { Field } from '../../blocks/decorators/field.decorator.js';
import { Secret } from '../../blocks/decorators/secret.decorator.js';
import { AwsCredentialsBlock } from '../../blocks/types/aws-credentials.block.js';
import type { BlockFault } from '../../blocks/definition/block-fault.js';
import { isKey } from '../storage-key.js';
import { StorageError } from '../storage-error.js';
import type { S3StorageOptions } from '../s3/s3-storage-options.js';
import type { S3Storage } from '../s3/s3-storage.js';
import { keyInBucket } from './key-in-bucket.js';
import type { StorageBlockTools } from './storage-block-tools.js';
import { StorageBlock } from './storage-block.js';

/** What some service takes for a bucket; access points of AWS have names of their own. */
const BUCKET = /^([a-z0-9]([a-z0-9._-]{0,253}[a-z0-9])?|arn:\S+)$/i;

/** A bucket of S3, or of any service that speaks its protocol. */
@Block({ type: 's3', title: 'S3', description: 'A bucket of S3, or of any service that speaks its protocol' })
export class S3Block extends StorageBlock {
  @Field({ title: 'Bucket' })
  @IsString()
  @IsNotEmpty()
  bucket!: string;

  @Field({ title: 'Prefix', description: 'Everything is stored below it' })
  @IsOptional()
  @IsString()
  prefix?: string;

  @Field({ title: 'Endpoint', description: 'URL of the service; absent: that of AWS', destination: true })
  @IsOptional()
  @Matches(/^https?:\/\/[^\s/@]+(\/\S*)?$/)
  endpoint?: string;

  @Field({ title: 'Region' })
  @IsOptional()
  @IsString()
  region?: string;

  @Field({
    title: 'Path style',
    description: 'The bucket is part of the path rather than of the host; absent: with an endpoint',
  })
  @IsOptional()
  @IsBoolean()
  forcePathStyle?: boolean;

  @Field({ title: 'Credentials', description: 'Instead of the keys here', block: 'aws-credentials' })
  @IsOptional()
  credentials?: AwsCredentialsBlock;

  @Field({ title: 'Access key id', description: 'Without keys the default chain of AWS looks for some' })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  accessKeyId?: string;

  @Field({ title: 'Secret access key' })
  @Secret()
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  secretAccessKey?: string;

  async open({ addresses }: StorageBlockTools): Promise<S3Storage> {
    const { S3Storage } = await import('../s3/s3-storage.js');
    const { bucket, prefix, endpoint, region, forcePathStyle } = this;
    return new S3Storage(
      {
        ...{ bucket, prefix, endpoint, forcePathStyle, credentials: this.keys() },
        region: region ?? this.credentials?.region,
      },
      addresses,
    );
  }

  override keyOf(url: string): string | undefined {
    return keyInBucket(url, this.bucket, this.prefix);
  }

  *faults(): Iterable<BlockFault> {
    const { bucket, prefix = '', accessKeyId, secretAccessKey } = this;
    if (!BUCKET.test(bucket)) {
      const detail =
        'This can be the name of no bucket: letters, digits, dots and hyphens, 3 to 63 of them for most services.';
      yield { property: 'bucket', detail };
    }
    const below = prefix.replace(/^\/+|\/+$/g, '');
    if (below !== '' && !isKey(below)) {
      yield { property: 'prefix', detail: 'This can be the beginning of no key: it has an empty part, "." or "..".' };
    }
    const hasId = accessKeyId !== undefined;
    if (hasId !== (secretAccessKey !== undefined) && this.credentials === undefined) {
      const property = hasId ? 'secretAccessKey' : 'accessKeyId';
      yield { property, detail: 'accessKeyId and secretAccessKey are given together, or neither.' };
    }
  }

  private keys(): S3StorageOptions['credentials'] {
    if (this.credentials !== undefined) return this.credentials;
    const { accessKeyId, secretAccessKey } = this;
    if (accessKeyId !== undefined && secretAccessKey !== undefined) return { accessKeyId, secretAccessKey };
    if (accessKeyId === undefined && secretAccessKey === undefined) return undefined;
    const detail = 'needs accessKeyId and secretAccessKey, or neither';
    throw new StorageError('misconfigured', 'The block', { detail });
  }
}
