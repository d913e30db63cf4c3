import { existsSync } from 'node:fs';
import { constants, type FileHandle, mkdir, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the system shows what a process holds open; a path through it starts at the very directory that was opened. */
const DESCRIPTORS = '/proc/self/fd';
const HAS_DESCRIPTORS = existsSync(DESCRIPTORS);

/**
 * A directory that is held open. What is done with the paths of {@link at} happens in it and nowhere else, whatever is
 * moved or linked meanwhile, and no symbolic link is followed on the way down. (Systems without `/proc` have no such
 * paths in Node; there a directory that is replaced between two calls is not noticed.)
 */
export class OpenDirectory {
  private constructor(
    private readonly handle: FileHandle,
    private readonly path: string,
  ) {}

  /** The beginning: this one may be a symbolic link. */
  static async open(path: string): Promise<OpenDirectory> {
    return new OpenDirectory(await open(path, constants.O_RDONLY | constants.O_DIRECTORY), path);
  }

  /** Where to find an entry of this directory, as long as it is open. */
  at(name: string): string {
    return join(HAS_DESCRIPTORS ? `${DESCRIPTORS}/${this.handle.fd}` : this.path, name);
  }

  /** Opens a directory in this one. @throws ENOENT, ENOTDIR (also for a symbolic link) */
  async child(name: string): Promise<OpenDirectory> {
    const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
    return new OpenDirectory(await open(this.at(name), flags), join(this.path, name));
  }

  /** Makes a directory in this one unless it is there. */
  async make(name: string): Promise<void> {
    try {
      await mkdir(this.at(name));
      await this.sync();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }

  async entries() {
    return await readdir(this.at('.'), { withFileTypes: true });
  }

  /** Makes durable which entries there are. */
  async sync(): Promise<void> {
    await this.handle.sync();
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}
