const SENTENCES = {
  'invalid-key': 'is no key of a storage',
  'not-found': 'is not there',
  forbidden: 'may not be accessed with the credentials of the storage',
  exists: 'is there already and may not be replaced',
  corrupted: 'is not what its checksum says',
  'read-only': 'lies in a storage that can only be read',
  unavailable: 'cannot be reached at the moment',
  misconfigured: 'lies in a storage whose configuration does not work',
  'too-large': 'is larger than the storage takes',
  unsupported: 'lies in a storage that cannot do this',
} as const;

/** What can go wrong with a storage. */
export type StorageFault = keyof typeof SENTENCES;

/**
 * Why a storage did not do what it was asked. The message names the key and never a secret, an address or a path of
 * this machine; what lies below is the `cause`, for the log.
 */
export class StorageError extends Error {
  override readonly name = 'StorageError';

  /** @param subject what the sentence is about: a key, or words for the storage itself; empty: the detail is all of it */
  constructor(
    readonly fault: StorageFault,
    subject: string,
    options?: ErrorOptions & { readonly detail?: string },
  ) {
    super(`${subject} ${options?.detail ?? SENTENCES[fault]}`.trimStart(), options);
  }

  /** Whether the same may work a little later. */
  get isPassing(): boolean {
    return this.fault === 'unavailable';
  }
}
