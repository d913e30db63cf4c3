import { Readable } from 'node:stream';
import type { StorageContent } from './storage.js';

/**
 * Content on its way into a storage: read once, counted, and let go of as soon as the signal is aborted, also while it
 * is being waited for.
 */
export class IncomingContent implements AsyncIterable<Uint8Array> {
  /** bytes read so far */
  size = 0;
  private thrown: { readonly error: unknown } | undefined;

  constructor(
    private readonly content: StorageContent,
    private readonly signal?: AbortSignal,
  ) {}

  /** Throws what the content itself threw, or the reason of the signal: what is no fault of the storage. */
  throwIfFailed(): void {
    this.signal?.throwIfAborted();
    if (this.thrown !== undefined) throw this.thrown.error;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const source = this.content instanceof Uint8Array ? Readable.from([this.content]) : this.content;
    const chunks: AsyncIterator<Uint8Array> = source[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await this.next(chunks);
        if (next.done === true) return;
        this.size += next.value.byteLength;
        yield next.value;
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
