import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { PutOptions, StorageContent } from './storage.js';
import { StorageError } from './storage-error.js';

/**
 * Content on its way into a storage: read once, counted, compared with its checksum, and let go of as soon as the signal
 * is aborted, also while it is being waited for.
 */
export class IncomingContent implements AsyncIterable<Uint8Array> {
  /** bytes read so far */
  size = 0;
  private thrown: { readonly error: unknown } | undefined;

  private readonly signal: AbortSignal | undefined;

  /** @param key where the content goes */
  constructor(
    private readonly key: string,
    private readonly content: StorageContent,
    private readonly options: Pick<PutOptions, 'sha256' | 'signal'>,
  ) {
    this.signal = options.signal;
  }

  /** Throws what the content itself threw, that it is corrupted, or the reason of the signal: what is no fault of the storage. */
  throwIfFailed(): void {
    this.signal?.throwIfAborted();
    if (this.thrown !== undefined) throw this.thrown.error;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const source = this.content instanceof Uint8Array ? Readable.from([this.content]) : this.content;
    const chunks: AsyncIterator<Uint8Array> = source[Symbol.asyncIterator]();
    const { sha256 } = this.options;
    const hash = sha256 === undefined ? undefined : createHash('sha256');
    try {
      for (;;) {
        const next = await this.next(chunks);
        if (next.done === true) break;
        this.size += next.value.byteLength;
        hash?.update(next.value);
        yield next.value;
      }
      if (hash !== undefined && hash.digest('hex') !== sha256) {
        this.thrown = { error: new StorageError('corrupted', this.key) };
        throw this.thrown.error;
      }
    } finally {
      if (source instanceof Readable) source.destroy();
      // Not awaited: a generator that hangs would never return.
      else chunks.return?.().catch(() => undefined);
    }
  }

  /** For content that is not going to be read. */
  release(): void {
    if (this.content instanceof Readable) this.content.destroy();
  }

  private async next(chunks: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array, unknown>> {
    this.signal?.throwIfAborted();
    try {
      return await (this.signal === undefined ? chunks.next() : unlessAborted(chunks.next(), this.signal));
    } catch (error) {
      this.thrown = { error };
      throw error;
    }
  }
}

/** Unlike `Promise.race` with one promise for all chunks, this leaves nothing behind on the signal. */
function unlessAborted<T>(awaited: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    const settled = () => signal.removeEventListener('abort', abort);
    awaited.then(
      (value) => {
        settled();
        resolve(value);
      },
      (error: Error) => {
        settled();
        reject(error);
      },
    );
  });
}
