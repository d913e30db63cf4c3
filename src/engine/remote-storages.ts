import { randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import pLimit from 'p-limit';
import type {
  JobStorage,
  OutputContent,
  PlainContext,
  StorageObject,
  StoragePutOptions,
} from '../processes/job-context.js';
import { StorageError } from '../storage/storage-error.js';
import { writeFileOnce } from './output-file.js';
import {
  MOST_OBJECTS,
  MOST_STORAGE_ASKS,
  type StorageAnswer,
  type StorageAsk,
  type WireObject,
} from './storage-asks.js';

interface Waiter {
  readonly resolve: (objects: readonly WireObject[]) => void;
  readonly reject: (error: Error) => void;
}

/** What a storage needs of the run whose code uses it. */
export type StorageUser = Pick<PlainContext, 'workDirectory' | 'signal'>;

/** Storages in an executor: asks the service through the channel and waits for the answers. */
export class RemoteStorages {
  private readonly waiting = new Map<number, Waiter>();
  private readonly lane = pLimit(MOST_STORAGE_ASKS);
  private asked = 0;

  /** @param send passes an ask on, and calls back when it cannot leave this process */
  constructor(private readonly send: (ask: number, asked: StorageAsk, failed: (error: Error) => void) => void) {}

  /** @param storage name of a block; absent: the storage of the job */
  of(storage: string | undefined, user: StorageUser): JobStorage {
    return new RemoteStorage(storage, user, (asked) => this.lane(() => this.ask(asked)));
  }

  /** Takes the answer to the ask of this number. */
  answer(ask: number, answer: StorageAnswer): void {
    const waiter = this.waiting.get(ask);
    this.waiting.delete(ask);
    if ('objects' in answer) waiter?.resolve(answer.objects);
    else if ('fault' in answer) waiter?.reject(new StorageError(answer.fault, '', { detail: answer.message }));
    else waiter?.reject(new Error(answer.error));
  }

  /** The run has ended: what waits is never answered. */
  close(): void {
    this.lane.clearQueue();
    this.waiting.clear();
  }

  private ask(asked: StorageAsk): Promise<readonly WireObject[]> {
    const ask = ++this.asked;
    return new Promise((resolve, reject) => {
      this.waiting.set(ask, { resolve, reject });
      this.send(ask, asked, (error) => this.answer(ask, { error: `The service cannot be reached: ${error.message}` }));
    });
  }
}

/** Content passes through files in the work directory, so that none of it is held in memory. */
class RemoteStorage implements JobStorage {
  constructor(
    private readonly storage: string | undefined,
    private readonly user: StorageUser,
    private readonly ask: (asked: StorageAsk) => Promise<readonly WireObject[]>,
  ) {}

  async get(key: string): Promise<Readable> {
    const { storage } = this;
    const path = await this.newPath();
    await this.ask({ storage, operation: 'get', key, path });
    // It goes when it has been read, or when nobody reads it any more.
    const file = await open(path);
    await rm(path);
    return file.createReadStream();
  }

  async put(key: string, content: OutputContent, options: StoragePutOptions = {}): Promise<StorageObject> {
    const { storage } = this;
    const { mediaType, overwrite } = options;
    const path = await this.newPath();
    try {
      await writeFileOnce(path, content, this.user.signal);
      const [object] = await this.ask({ storage, operation: 'put', key, path, mediaType, overwrite });
      return revived(object);
    } finally {
      await rm(path, { force: true });
    }
  }

  async stat(key: string): Promise<StorageObject> {
    const [object] = await this.ask({ storage: this.storage, operation: 'stat', key });
    return revived(object);
  }

  async *list(prefix = '', after?: string): AsyncGenerator<StorageObject> {
    const { storage } = this;
    for (let from = after; ;) {
      const objects = await this.ask({ storage, operation: 'list', prefix, after: from });
      for (const object of objects) yield revived(object);
      if (objects.length < MOST_OBJECTS) return;
      from = objects.at(-1)?.key;
    }
  }

  async delete(key: string): Promise<void> {
    await this.ask({ storage: this.storage, operation: 'delete', key });
  }

  private async newPath(): Promise<string> {
    return join(await this.user.workDirectory(), `.storage-${randomUUID()}`);
  }
}

function revived({ modified, ...object }: WireObject): StorageObject {
  return { ...object, ...(modified !== undefined && { modified: new Date(modified) }) };
}
