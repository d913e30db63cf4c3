import { createWriteStream } from 'node:fs';
import { mkdir, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { InputFile } from '../../processes/input-file.js';

/** Puts the binary inputs of one execution into files `<directory>/inputs/<n>`. */
export class InputStager {
  private readonly directory: string;
  private count = 0;

  /** @param directory of the execution; `inputs` in it is made on first use */
  constructor(directory: string) {
    this.directory = join(directory, 'inputs');
  }

  /** Streams `content` into a new file; resolves when every byte is written. @param name where it came from */
  async stage(
    content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    mediaType: string,
    signal: AbortSignal,
    name?: string,
  ): Promise<InputFile> {
    const path = join(this.directory, String(this.count));
    this.count += 1;
    await mkdir(this.directory, { recursive: true });
    await pipeline(
      content instanceof Readable ? content : Readable.from(content),
      createWriteStream(path, { flags: 'wx' }),
      {
        signal,
      },
    );
    return new InputFile(path, (await stat(path)).size, mediaType, name);
  }

  /** Removes everything that was staged, and the directory of the execution when nothing else lies in it. */
  async discard(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
    await rmdir(dirname(this.directory)).catch(() => undefined);
  }
}
