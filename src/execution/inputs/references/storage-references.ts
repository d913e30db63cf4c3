import { Injectable } from '@nestjs/common';
import { StorageError, type StorageFault } from '../../../storage/storage-error.js';
import { Storages } from '../../../storage/storages.js';
import { UnavailableReference } from '../input-violation.js';
import { type ReferencedContent, ReferenceSource } from './reference-source.js';

/** `block:s3/results/a/b.tif`: the type and the name of a block, then a key. */
const BLOCK = /^block:([^/]+\/[^/]+)\/(.+)$/is;

const SENTENCES: Partial<Record<StorageFault, string>> = {
  'invalid-key': 'has a key that no storage has',
  'not-found': 'refers to something that is not there',
  forbidden: 'refers to something that this service may not read',
};

/**
 * References into storages: `block:<type>/<name>/<key>`, and `s3://bucket/key` where a block covers that place. Only
 * blocks that say `allowInputs` can be read, so that nobody reads by the credentials of the service what is not meant for
 * all of its clients.
 */
@Injectable()
export class StorageReferences extends ReferenceSource {
  readonly schemes = ['block', 's3'];

  constructor(private readonly storages: Storages) {
    super();
  }

  async open(href: string, signal: AbortSignal): Promise<ReferencedContent> {
    const place = await this.placeOf(href);
    // One sentence, whether there is such a block or not: what blocks there are is no client's business.
    if (place === undefined) throw new UnavailableReference('refers to no storage from which inputs may be read');
    try {
      const storage = await this.storages.open(place.ref);
      const { mediaType } = await storage.stat(place.key);
      const body = await storage.get(place.key, { signal });
      const name = place.key.split('/').at(-1);
      return { body, ...(mediaType !== undefined && { contentType: mediaType }), ...(name && { name }) };
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      const words = SENTENCES[error.fault] ?? 'refers to a storage that cannot be read now';
      throw new UnavailableReference(words, { cause: error });
    }
  }

  private async placeOf(href: string): Promise<{ ref: string; key: string } | undefined> {
    const [, ref, key] = BLOCK.exec(href) ?? [];
    if (ref === undefined) return await this.storages.covering(href);
    return (await this.storages.allowsInputs(ref)) ? { ref, key } : undefined;
  }
}
