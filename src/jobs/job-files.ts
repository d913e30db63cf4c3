import { createHash } from 'node:crypto';
import { copyFile, link, mkdir, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
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
    return `${this.jobs}${sep}${jobId}`;
  }

  /** Absolute directory of one attempt. */
  attempt(jobId: string, epoch: number): string {
    return `${this.jobs}${sep}${jobId}${sep}${epoch}`;
  }

  /** Absolute directory of one attempt of a task that is claimed by itself. */
  taskAttempt(jobId: string, task: string, epoch: number): string {
    const name = createHash('sha256').update(task).digest('hex').slice(0, 16);
    return join(this.directory(jobId), 'tasks', `${name}-${epoch}`);
  }

  /** Path as it is stored: relative to DATA_DIR, so that the directory may move. */
  stored(path: string): string {
    return relative(this.root, path);
  }

  /** Absolute path of a stored one. */
  absolute(stored: string): string {
    return join(this.root, stored);
  }

  /**
   * Gives a file of one job to another one as well. A hard link costs nothing, and outlives the first job.
   * @param stored path as it is stored
   * @param place directories below that of the other job
   * @returns the path in the other job, as it is stored
   * @throws the error `ENOENT` when the file is gone
   */
  async share(stored: string, jobId: string, ...place: string[]): Promise<string> {
    const directory = join(this.directory(jobId), ...place);
    const target = join(directory, basename(stored));
    const source = this.absolute(stored);
    await mkdir(directory, { recursive: true });
    await link(source, target).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') throw error;
      // Some file systems know no hard links.
      await copyFile(source, target);
    });
    return this.stored(target);
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

  /** Removes staged inputs, which are elsewhere by now. */
  async removeInputs(jobId: string): Promise<void> {
    await rm(join(this.directory(jobId), 'inputs'), { recursive: true, force: true });
    await this.tidy(jobId);
  }

  /** Removes everything but staged inputs, with which the job can be repeated. */
  async removeResults(jobId: string): Promise<void> {
    const directory = this.directory(jobId);
    const names = await readdir(directory).catch(() => []);
    for (const name of names) if (name !== 'inputs') await rm(join(directory, name), { recursive: true, force: true });
  }

  /** Removes the directory of a job when nothing is left in it. */
  async tidy(jobId: string): Promise<void> {
    await rmdir(this.directory(jobId)).catch(() => undefined);
  }

  /** Removes what an attempt wrote. */
  async removeAttempt(jobId: string, epoch: number): Promise<void> {
    await rm(this.attempt(jobId, epoch), { recursive: true, force: true });
  }

  /** Removes what an attempt of a task wrote. */
  async removeTaskAttempt(jobId: string, task: string, epoch: number): Promise<void> {
    await rm(this.taskAttempt(jobId, task, epoch), { recursive: true, force: true });
  }

  /** What lies where each job has its directory; normally ids of jobs. */
  async names(): Promise<string[]> {
    return await readdir(this.jobs).catch(() => []);
  }

  /** Whether a directory is old enough to be an orphan when no job of that id exists. */
  async isSettled(jobId: string): Promise<boolean> {
    const entry = await stat(this.directory(jobId)).catch(() => undefined);
    return entry !== undefined && this.isSettledSince(entry.mtime);
  }

  /** The same, of files written at a time. */
  isSettledSince(time: Date): boolean {
    return Date.now() - time.getTime() > this.settledAge;
  }
}
