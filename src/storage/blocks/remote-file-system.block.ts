import { IsObject, IsOptional, Matches } from 'class-validator';
import { Block } from '../../blocks/decorators/block.decorator.js';
import { Field } from '../../blocks/decorators/field.decorator.js';
import { Secret } from '../../blocks/decorators/secret.decorator.js';
import type { BlockFault } from '../../blocks/definition/block-fault.js';
import { openUrl, settingsFault } from '../open-url.js';
import type { Storage } from '../storage.js';
import { keyInBucket } from './key-in-bucket.js';
import type { StorageBlockTools } from './storage-block-tools.js';
import { StorageBlock } from './storage-block.js';

/** Whatever a base URL names, with settings as users of Prefect know them. */
@Block({
  type: 'remote-file-system',
  title: 'Remote file system',
  description: 'What a base URL names: s3://bucket/prefix, https://host/base, git+https://host/repository.git ...',
})
export class RemoteFileSystemBlock extends StorageBlock {
  // A file URL would name any directory: that is for local-file-system, which refuses those of the service.
  @Field({ title: 'Base path', description: 's3://, http(s)://, git+http(s):// or memory://', destination: true })
  @Matches(/^(s3a?|https?|git\+https?|memory):\/\/[^\s@]+$/)
  basepath!: string;

  @Field({ title: 'Settings', description: 'key, secret, token, endpoint, region, headers ...; secret as a whole' })
  @Secret()
  @IsOptional()
  @IsObject()
  settings?: Record<string, unknown>;

  async open(tools: StorageBlockTools): Promise<Storage> {
    return await openUrl(this.basepath, this.settings ?? {}, tools);
  }

  *faults(): Iterable<BlockFault> {
    const detail = settingsFault(this.settings ?? {});
    if (detail !== undefined) yield { property: 'settings', detail: `The settings ${detail}.` };
  }

  override keyOf(url: string): string | undefined {
    const { protocol, host, pathname } = new URL(this.basepath);
    if (!protocol.startsWith('s3')) return undefined;
    try {
      return keyInBucket(url, decodeURIComponent(host), decodeURIComponent(pathname));
    } catch (error) {
      // A base that encodes nothing covers nothing; opening it says so.
      if (error instanceof URIError) return undefined;
      throw error;
    }
  }
}
