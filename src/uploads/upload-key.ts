import { validate as isUuid } from 'uuid';

/** What the keys of uploads begin with, in every storage. */
export const UPLOAD_KEYS = 'uploads/';

/** Where the bytes of an upload lie in the storage. */
export function uploadKey(id: string): string {
  return `${UPLOAD_KEYS}${id}`;
}

/** The inverse of {@link uploadKey}; nothing for what is no upload. */
export function uploadOf(key: string): string | undefined {
  const id = key.startsWith(UPLOAD_KEYS) ? key.slice(UPLOAD_KEYS.length) : '';
  return isUuid(id) ? id : undefined;
}
