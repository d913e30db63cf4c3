import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';

/**
 * A binary input, as `execute` receives it: the bytes lie in a file, however the client sent them (base64 in the
 * request, or a reference). The file is gone when the job is removed.
 */
export class InputFile {
  /**
   * @param path where the bytes lie
   * @param size in bytes
   * @param mediaType as declared by the client, else by the process description
   * @param name of the file where it came from, where that is known; safe as the name of a file
   */
  constructor(
    readonly path: string,
    readonly size: number,
    readonly mediaType: string,
    readonly name?: string,
  ) {}

  stream(): Readable {
    return createReadStream(this.path);
  }

  bytes(): Promise<Buffer> {
    return readFile(this.path);
  }
}
