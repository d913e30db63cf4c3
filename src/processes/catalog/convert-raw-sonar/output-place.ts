import { createReadStream } from 'node:fs';
import type { JobContext, JobStorage } from '../../job-context.js';
import { ProcessRejection } from '../../process-rejection.js';

const BLOCK = /^(block:([^/]+\/[^/]+)\/)(.*)$/;
/** Faults of a storage that another outputPath would not have. */
const REFUSALS = ['invalid-key', 'forbidden', 'read-only', 'misconfigured', 'unsupported', 'too-large'];

/**
 * What `outputPath` may be: `block:<type>/<name>/<key>`, or a key in the storage of the job. Whatever begins like a URL
 * is neither.
 */
export const OUTPUT_PATH =
  /^(block:[a-z][a-z0-9-]{0,63}\/[a-z0-9][a-z0-9._-]{0,63}\/.*|(?![A-Za-z][A-Za-z0-9+.-]*:).+)$/;

/** A place in a storage at which a client wants the converted file. */
export class OutputPlace {
  private constructor(
    private readonly storage: JobStorage,
    private readonly key: string,
    /** In the form of `outputPath`, with the name of the file. */
    readonly location: string,
  ) {}

  /**
   * @param outputPath as {@link OUTPUT_PATH}; one that ends with `/`, or right after the block, gets the file name
   * @throws Error when the process may not use storages that it does not declare
   */
  static of(outputPath: string, fileName: string, context: JobContext): OutputPlace {
    const [, block = '', name, path] = BLOCK.exec(outputPath) ?? [];
    const start = name === undefined ? outputPath : path;
    const key = start === '' || start.endsWith('/') ? start + fileName : start;
    return new OutputPlace(name === undefined ? context.storage : context.storageOf(name), key, block + key);
  }

  /** The last part of the key. */
  get fileName(): string {
    return this.key.slice(this.key.lastIndexOf('/') + 1);
  }

  /** Whether something lies there already. @throws ProcessRejection when nothing may be written there */
  async isTaken(): Promise<boolean> {
    try {
      await this.storage.stat(this.key);
      return true;
    } catch (error) {
      if (faultOf(error) === 'not-found') return false;
      throw refusal(error);
    }
  }

  /**
   * Stores a file, whole or not at all.
   * @returns false when something lies there that is not to be replaced
   * @throws ProcessRejection when nothing may be written there
   */
  async store(path: string, mediaType: string, overwrite: boolean): Promise<boolean> {
    try {
      await this.storage.put(this.key, createReadStream(path), { mediaType, overwrite });
      return true;
    } catch (error) {
      if (!overwrite && faultOf(error) === 'exists') return false;
      throw refusal(error);
    }
  }
}

/** Of a `StorageError`. */
function faultOf(error: unknown): string | undefined {
  return error instanceof Error && error.name === 'StorageError' ? (error as { fault?: string }).fault : undefined;
}

function refusal(error: unknown): unknown {
  if (!REFUSALS.includes(faultOf(error) ?? '')) return error;
  return new ProcessRejection(`Nothing can be written to outputPath: ${(error as Error).message}.`, 'outputPath', {
    cause: error,
  });
}
