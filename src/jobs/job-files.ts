import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';

const HOUR = 3_600_000;
/** A directory younger than this is never an orphan, whatever JOB_TIMEOUT says. Milliseconds. */
const LEAST_SETTLED_AGE = 25 * HOUR;

/**
 * Where the files of jobs lie below DATA_DIR: `jobs/<job id>/inputs` for staged inputs, `jobs/<job id>/<epoch>` for
 * what one attempt wrote. An attempt that lost its job therefore never touches the files of the next.
 */
@Injectable()
export class JobFiles {
  private readonly root: string;
  private readonly jobs: string;
  private readonly settledAge: number;

  constructor(settings: Settings) {
    this.root = resolve(settings.DATA_DIR);
    this.jobs = join(this.root, 'jobs');
    // An execution without a job has files and no row for as long as it may run.
    this.settledAge = Math.max(LEAST_SETTLED_AGE, settings.JOB_TIMEOUT + HOUR);
  }

  /** Absolute directory of everything a job has. */
  directory(jobId: string): string {
    return join(this.jobs, jobId);
  }

  /** Absolute directory of one attempt. */
  attempt(jobId: string, epoch: number): string {
    return join(this.jobs, jobId, String(epoch));
  }

  /** Path as it is stored: relative to DATA_DIR, so that the directory may move. */
  stored(path: string): string {
    return relative(this.root, path);
  }

  /** Absolute path of a stored one. */
  absolute(stored: string): string {
    return join(this.root, stored);
  }

  async make(jobId: string): Promise<string> {
    const directory = this.directory(jobId);
    await mkdir(directory, { recursive: true });
    return directory;
  }

  /** Removes everything a job has; nothing happens when there is nothing. */
  async remove(jobId: string): Promise<void> {
    await rm(this.directory(jobId), { recursive: true, force: true });
  }

  /** Removes what an attempt wrote. */
  async removeAttempt(jobId: string, epoch: number): Promise<void> {
    await rm(this.attempt(jobId, epoch), { recursive: true, force: true });
  }

  /** Ids of directories old enough to be orphans when no job of that id exists. */
  async *settled(): AsyncGenerator<string> {
    const names = await readdir(this.jobs).catch(() => [] as string[]);
    for (const name of names) {
      const entry = await stat(join(this.jobs, name)).catch(() => undefined);
      if (entry !== undefined && Date.now() - entry.mtimeMs > this.settledAge) yield name;
    }
  }
}
