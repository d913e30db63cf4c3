import { PassThrough, type Readable } from 'node:stream';

/**
 * Passes a stream on, so that it ends with errors of ours, and is given up with the signal. Who destroys the one
 * destroys the other.
 */
export function translatedStream(
  source: Readable,
  translate: (error: Error) => Error,
  signal: AbortSignal | undefined,
): Readable {
  const target = new PassThrough({ highWaterMark: 256 * 1024 });
  const abort = () => target.destroy(signal?.reason as Error);
  signal?.addEventListener('abort', abort, { once: true });
  source.on('error', (error) => target.destroy(translate(error)));
  source.once('close', () => {
    if (!source.readableEnded) target.destroy(translate(new Error('the connection was closed halfway')));
  });
  target.once('close', () => {
    signal?.removeEventListener('abort', abort);
    source.destroy();
  });
  if (signal?.aborted === true) abort();
  return source.pipe(target);
}
