/** Where a file is that the service keeps: in a storage, or below DATA_DIR. */
export interface FileLocation {
  /** The block that names the storage; absent: DATA_DIR. */
  readonly storage?: string;
  /** Key in the storage, or path relative to DATA_DIR. */
  readonly key: string;
}

/** The part before the first colon names a block and has one slash; what lies in DATA_DIR begins with two names or more. */
const IN_STORAGE = /^([a-z][a-z0-9-]{0,63}\/[a-z0-9][a-z0-9._-]{0,63}):(.+)$/s;

/** Reads a location as rows hold it: `jobs/<id>/1/outputs/a` or `s3/results:jobs/<id>/1/outputs/a`. */
export function parseLocation(text: string): FileLocation {
  const [, storage, key] = IN_STORAGE.exec(text) ?? [];
  return storage === undefined ? { key: text } : { storage, key };
}

/** The inverse of {@link parseLocation}. */
export function formatLocation({ storage, key }: FileLocation): string {
  return storage === undefined ? key : `${storage}:${key}`;
}
