// @ts-expect-error -- the package ships its storage without types beside it; class-validator-jsonschema needs it too
import { defaultMetadataStorage } from 'class-transformer/cjs/storage.js';
import type { MetadataStorage } from 'class-transformer/types/MetadataStorage.js';

/** What class-transformer knows about `@Type()`, `@Transform()`, `@Expose()` and `@Exclude()`. */
export const transformerMetadata = defaultMetadataStorage as MetadataStorage;
