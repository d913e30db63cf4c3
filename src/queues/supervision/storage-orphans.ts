import { text } from 'node:stream/consumers';
import { Injectable, Logger } from '@nestjs/common';
import { JobFiles } from '../../jobs/job-files.js';
import { StoredFiles } from '../../jobs/files/stored-files.js';
import { JobReader } from '../../jobs/store/job-reader.js';
import { StorageRemovals } from '../../jobs/store/storage-removals.js';
import { DomainError } from '../../ogc/problems/domain-error.js';
import { ProcessRegistry } from '../../processes/process-registry.js';
import { StorageError } from '../../storage/storage-error.js';
import { storageFailure } from '../../storage/storage-unavailable.js';
import type { Storage } from '../../storage/storage.js';
import { Storages } from '../../storage/storages.js';

/** Objects that one turn looks at. */
const BATCH = 5_000;
/** Milliseconds between two looks at all objects. */
const INTERVAL = 6 * 3_600_000;
/** Names the database whose jobs the files belong to. */
const OWNER = 'jobs/owner';
const JOB = /^jobs\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\//;

/** Removes files from storages that no job belongs to any more: what a node left that was lost while it wrote. */
@Injectable()
export class StorageOrphans {
  private readonly logger = new Logger(StorageOrphans.name);
  private due = 0;
  /** Storages that the present look has yet to come to. */
  private unseen: string[] = [];
  /** Key up to which the first of them has been looked at. */
  private after: string | undefined;

  constructor(
    private readonly storages: Storages,
    private readonly stored: StoredFiles,
    private readonly files: JobFiles,
    private readonly reader: JobReader,
    private readonly removals: StorageRemovals,
    private readonly registry: ProcessRegistry,
  ) {}

  /** Looks at a limited number of objects; the next turn goes on from there. @returns whether there are more */
  async sweep(): Promise<boolean> {
    if (this.unseen.length === 0 && Date.now() >= this.due) {
      this.due = Date.now() + INTERVAL;
      this.unseen = this.refs();
    }
    const [ref] = this.unseen;
    if (ref === undefined) return false;
    try {
      this.after = await this.look(ref);
    } catch (error) {
      const failure = storageFailure(error);
      if (!(failure instanceof DomainError) || failure.code !== 'storage-unavailable') throw error;
      this.logger.debug(`The storage ${ref} cannot be looked through: ${failure.message}`);
      this.after = undefined;
    }
    if (this.after === undefined) this.unseen.shift();
    return this.unseen.length > 0;
  }

  /** The storages in which jobs of today keep files. */
  private refs(): string[] {
    const wanted = [undefined, ...this.registry.list().map(({ policy }) => policy.storage)];
    const refs = wanted.map((storage) => this.stored.storageFor(storage));
    return [...new Set(refs.filter((ref) => ref !== undefined))];
  }

  /** @returns the key to go on from; nothing at the end */
  private async look(ref: string): Promise<string | undefined> {
    const storage = await this.storages.open(ref);
    if (!(await this.isOurs(storage, ref))) return undefined;
    const settled = new Map<string, boolean>();
    let last: string | undefined;
    let looked = 0;
    for await (const { key, modified } of storage.list('jobs/', this.after)) {
      const [, jobId] = JOB.exec(key) ?? [];
      if (jobId !== undefined) {
        const isOld = modified !== undefined && this.files.isSettledSince(modified);
        settled.set(jobId, isOld && settled.get(jobId) !== false);
      }
      last = key;
      looked += 1;
      if (looked === BATCH) break;
    }
    await this.removeUnknown(
      ref,
      [...settled.keys()].filter((jobId) => settled.get(jobId)),
    );
    return looked === BATCH ? last : undefined;
  }

  private async removeUnknown(ref: string, jobIds: readonly string[]): Promise<void> {
    const known = new Set(jobIds.length === 0 ? [] : (await this.reader.states(jobIds)).map(({ id }) => id));
    const orphans = jobIds.filter((jobId) => !known.has(jobId));
    for (const jobId of orphans) await this.stored.removeAll(ref, this.stored.prefixOf(jobId));
    if (orphans.length > 0) this.logger.log(`Files of ${orphans.length} unknown job(s) were removed from ${ref}.`);
  }

  /** Jobs of another database are not unknown: what one deployment writes, another one must not remove. */
  private async isOurs(storage: Storage, ref: string): Promise<boolean> {
    const own = await this.removals.databaseIdentity();
    let owner: string;
    try {
      owner = await text(await storage.get(OWNER));
    } catch (error) {
      if (!(error instanceof StorageError) || error.fault !== 'not-found') throw error;
      await storage.put(OWNER, Buffer.from(own), { overwrite: false, mediaType: 'text/plain' });
      return true;
    }
    if (owner === own) return true;
    this.logger.warn(
      `The storage ${ref} holds the jobs of another database, so nothing in it is looked for that no job belongs to. ` +
        `Give each deployment a bucket or a prefix of its own, or delete the object ${OWNER} when the database was moved.`,
    );
    return false;
  }
}
