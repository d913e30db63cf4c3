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
import { DEFAULT_STORAGE, Storages } from '../../storage/storages.js';
import { Uploads } from '../../uploads/store/uploads.js';
import { UPLOAD_KEYS, uploadKey, uploadOf } from '../../uploads/upload-key.js';

/** Objects that one turn looks at. */
const BATCH = 5_000;
/** Milliseconds between two looks at all objects. */
const INTERVAL = 6 * 3_600_000;
/** Names the database whose jobs and uploads the files belong to. */
const OWNER = 'jobs/owner';
const JOB = /^jobs\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\//;

/** Things that have files in storages and, before these, a row. */
interface Kind {
  readonly called: string;
  /** What their keys begin with. */
  readonly keys: string;
  idOf(key: string): string | undefined;
  /** What the keys of one of them begin with. */
  prefixOf(id: string): string;
  /** Which of these have a row. */
  known(ids: readonly string[]): Promise<ReadonlySet<string>>;
}

/** What the present look has yet to come to. */
interface Place {
  readonly ref: string;
  readonly kind: Kind;
}

/**
 * Removes files from storages that no job and no upload belongs to any more: what a node left that was lost while it
 * wrote, or what an older database does not know.
 */
@Injectable()
export class StorageOrphans {
  private readonly logger = new Logger(StorageOrphans.name);
  private readonly kinds: readonly Kind[];
  private due = 0;
  private unseen: Place[] = [];
  /** Key up to which the first of them has been looked at. */
  private after: string | undefined;

  constructor(
    private readonly storages: Storages,
    private readonly stored: StoredFiles,
    private readonly files: JobFiles,
    private readonly removals: StorageRemovals,
    private readonly registry: ProcessRegistry,
    reader: JobReader,
    uploads: Uploads,
  ) {
    this.kinds = [
      {
        called: 'job',
        keys: 'jobs/',
        idOf: (key) => JOB.exec(key)?.[1],
        prefixOf: (id) => stored.prefixOf(id),
        known: async (ids) => new Set((await reader.states(ids)).map(({ id }) => id)),
      },
      {
        called: 'upload',
        keys: UPLOAD_KEYS,
        idOf: uploadOf,
        prefixOf: uploadKey,
        known: (ids) => uploads.known(ids),
      },
    ];
  }

  /** Looks at a limited number of objects; the next turn goes on from there. @returns whether there are more */
  async sweep(): Promise<boolean> {
    if (this.unseen.length === 0 && Date.now() >= this.due) {
      const refs = await this.refs();
      this.due = Date.now() + INTERVAL;
      this.unseen = refs.flatMap((ref) => this.kinds.map((kind) => ({ ref, kind })));
    }
    const [place] = this.unseen;
    if (place === undefined) return false;
    try {
      this.after = await this.look(place);
    } catch (error) {
      const failure = storageFailure(error);
      if (!(failure instanceof DomainError) || failure.code !== 'storage-unavailable') throw error;
      this.logger.debug(`The storage ${place.ref} cannot be looked through: ${failure.message}`);
      this.after = undefined;
    }
    if (this.after === undefined) this.unseen.shift();
    return this.unseen.length > 0;
  }

  /** The storages in which jobs of today keep files, and those that rows of earlier ones still name. */
  private async refs(): Promise<string[]> {
    const wanted = [undefined, ...this.registry.list().map(({ policy }) => policy.storage)];
    const today = wanted.map((storage) => this.stored.storageFor(storage)).filter((ref) => ref !== undefined);
    const earlier = (await this.removals.storagesInUse()).filter((ref) => ref !== DEFAULT_STORAGE);
    return [...new Set([...today, ...earlier])];
  }

  /** @returns the key to go on from; nothing at the end */
  private async look({ ref, kind }: Place): Promise<string | undefined> {
    const storage = await this.storages.open(ref);
    if (!(await this.isOurs(storage, ref))) return undefined;
    const settled = new Map<string, boolean>();
    let last: string | undefined;
    let looked = 0;
    for await (const { key, modified } of storage.list(kind.keys, this.after)) {
      const id = kind.idOf(key);
      if (id !== undefined) {
        const isOld = modified !== undefined && this.files.isSettledSince(modified);
        settled.set(id, isOld && settled.get(id) !== false);
      }
      last = key;
      looked += 1;
      if (looked === BATCH) break;
    }
    const ids = [...settled.keys()].filter((id) => settled.get(id));
    await this.removeUnknown(ref, kind, ids);
    return looked === BATCH ? last : undefined;
  }

  private async removeUnknown(ref: string, kind: Kind, ids: readonly string[]): Promise<void> {
    const known = ids.length === 0 ? new Set() : await kind.known(ids);
    const orphans = ids.filter((id) => !known.has(id));
    for (const id of orphans) await this.stored.removeAll(ref, kind.prefixOf(id));
    if (orphans.length > 0)
      this.logger.log(`Files of ${orphans.length} unknown ${kind.called}(s) were removed from ${ref}.`);
  }

  /** What another database has written is not unknown: what belongs to one deployment, another one must not remove. */
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
      `The storage ${ref} holds the jobs of another database, so nothing in it is looked for that no row belongs to. ` +
        `Give each deployment a bucket or a prefix of its own, or delete the object ${OWNER} when the database was moved.`,
    );
    return false;
  }
}
