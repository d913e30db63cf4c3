import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

const pathOf = (directory: string) => join(directory, 'work');

/** Removes what an execution may have left; for the one who outlives it after a kill. */
export function removeWorkDirectory(directory: string): Promise<void> {
  return rm(pathOf(directory), { recursive: true, force: true, maxRetries: 3 });
}

/** The scratch directory of one execution, made on first use. */
export class WorkDirectory {
  private made?: Promise<string>;

  /** @param directory of the execution, absolute */
  constructor(private readonly directory: string) {}

  path(): Promise<string> {
    this.made ??= mkdir(pathOf(this.directory), { recursive: true }).then(() => pathOf(this.directory));
    return this.made;
  }

  async remove(): Promise<void> {
    if (this.made === undefined) return;
    await this.made.catch(() => undefined);
    await removeWorkDirectory(this.directory);
  }
}
