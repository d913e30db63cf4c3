import { constants } from 'node:fs';
import { open, realpath, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Logger } from '@nestjs/common';
import type { JobStorage, StorageObject } from '../processes/job-context.js';
import type { RegisteredProcess } from '../processes/registered-process.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import { StorageError } from '../storage/storage-error.js';
import { patiently } from '../storage/storage-patience.js';
import type { Storage } from '../storage/storage.js';
import { DEFAULT_STORAGE, type Storages } from '../storage/storages.js';
import { type CarryOut, CodeStorage } from './code-storage.js';
import { stackOf } from './execution-faults.js';
import { type ExecutionObserver, type ExecutionUnit, warningLine } from './execution-unit.js';
import type { StorageUser } from './remote-storages.js';
import { MOST_OBJECTS, type StorageAnswer, type StorageAsk, type WireObject } from './storage-asks.js';

/** An ask that no honest executor makes, or that its code may not make. The message is for the author of the process. */
class RefusedAsk extends Error {}

/**
 * What the code of one execution may do in storages: in that of its job below `processes/<process id>/`, in those that the
 * process declares, and, where it writes where it is asked to, in those whose blocks allow outputs. An outage of a storage
 * is waited out, and the log of the job says so.
 */
export class StorageDesk {
  private readonly logger = new Logger(StorageDesk.name);

  /**
   * @param observer hears which storage is waited for
   * @param patience milliseconds for which an outage of a storage is waited out
   */
  constructor(
    private readonly storages: Storages,
    private readonly process: Pick<RegisteredProcess, 'description' | 'policy'>,
    private readonly unit: Pick<ExecutionUnit, 'storage' | 'directory'>,
    private readonly observer: Pick<ExecutionObserver, 'log'>,
    private readonly patience: number,
  ) {}

  /**
   * For code that runs in this event loop.
   * @param name of a block; absent: the storage of the job
   * @throws Error for one that the process does not declare
   */
  of(name: string | undefined, user: Pick<StorageUser, 'signal'>): JobStorage {
    return this.storageFor(name, (attempt) => this.patiently(name, attempt, user.signal));
  }

  private storageFor(name: string | undefined, carryOut?: CarryOut): JobStorage {
    const { description, policy } = this.process;
    if (name === undefined) {
      return new CodeStorage(() => this.open(this.ownRef), `processes/${description.id}/`, carryOut);
    }
    if (!mayUse(policy, name)) throw new RefusedAsk(undeclared(description.id, name));
    const declared = isDeclared(policy, name);
    return new CodeStorage(() => (declared ? this.open(name) : this.openForOutputs(name)), '', carryOut);
  }

  private get ownRef(): string {
    return this.unit.storage ?? DEFAULT_STORAGE;
  }

  private async open(ref: string): Promise<Storage> {
    try {
      return await this.storages.open(ref);
    } catch (error) {
      if (!(error instanceof DomainError) || error.code === 'database-unavailable') throw error;
      throw new StorageError('misconfigured', '', { detail: error.message, cause: error });
    }
  }

  private async openForOutputs(name: string): Promise<Storage> {
    if (await this.storages.allowsOutputs(name)) return await this.open(name);
    // One sentence, whether there is such a block or not: what blocks there are is no client's business.
    throw new StorageError('forbidden', name, { detail: 'is no storage to which outputs may be written' });
  }

  private patiently<T>(name: string | undefined, attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const storage = name ?? this.ownRef;
    const tell = (message: string) => this.observer.log(warningLine(message));
    return patiently(attempt, { storage, patience: this.patience, signal, tell });
  }

  /** Carries out what an executor asks for. Never rejects. */
  async carryOut(ask: StorageAsk, signal: AbortSignal): Promise<StorageAnswer> {
    try {
      return { objects: await this.patiently(ask.storage, () => this.objectsOf(ask, signal), signal) };
    } catch (error) {
      if (signal.aborted) return { error: 'The execution has ended' };
      if (error instanceof StorageError) return { fault: error.fault, message: error.message };
      if (error instanceof DomainError) return { fault: 'misconfigured', message: error.message };
      if (error instanceof RefusedAsk) return { error: error.message };
      this.logger.error(`What code asked of a storage failed: ${stackOf(error)}`);
      return { error: 'The service could not carry it out; its log says why.' };
    }
  }

  private async objectsOf(ask: StorageAsk, signal: AbortSignal): Promise<WireObject[]> {
    const storage = this.storageFor(ask.storage);
    switch (ask.operation) {
      case 'stat':
        return [wire(await storage.stat(ask.key))];
      case 'delete':
        await storage.delete(ask.key);
        return [];
      case 'list':
        return await page(storage.list(ask.prefix, ask.after));
      case 'get':
        await this.fetch(storage, ask.key, ask.path, signal);
        return [];
      case 'put':
        return [wire(await this.store(storage, ask))];
    }
  }

  /** A file that is there already is left alone, and a link is not followed: the code can lay both in the way. */
  private async fetch(storage: JobStorage, key: string, path: string, signal: AbortSignal): Promise<void> {
    await this.requireWork(path);
    const content = await storage.get(key);
    try {
      const file = await open(path, 'wx', 0o600);
      await pipeline(content, file.createWriteStream(), { signal });
    } catch (error) {
      content.destroy();
      await rm(path, { force: true });
      throw error;
    }
  }

  private async store(storage: JobStorage, ask: Extract<StorageAsk, { operation: 'put' }>): Promise<StorageObject> {
    await this.requireWork(ask.path);
    const file = await open(ask.path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      if (!(await file.stat()).isFile()) throw new RefusedAsk('What is to be stored is no file.');
      return await storage.put(ask.key, file.createReadStream({ autoClose: false }), {
        mediaType: ask.mediaType,
        overwrite: ask.overwrite,
      });
    } finally {
      await file.close();
    }
  }

  private async requireWork(path: string): Promise<void> {
    const { directory } = this.unit;
    const work = join(directory, 'work');
    // The way to the directory may lead over links that the operator made, what lies in it may not.
    const real = join(await realpath(dirname(directory)), basename(directory), 'work');
    if (dirname(path) !== work || (await realpath(work)) !== real) {
      throw new RefusedAsk('Content passes through files in the work directory only.');
    }
  }
}

/** Whether code of a process may name a storage; one that it does not declare has to allow outputs as well. */
export function mayUse(policy: RegisteredProcess['policy'], name: string): boolean {
  return policy.writesWhereAsked === true || isDeclared(policy, name);
}

function isDeclared({ storages = [] }: RegisteredProcess['policy'], name: string): boolean {
  return storages.includes(name);
}

/** What the author of a process is told who uses another one. */
export function undeclared(processId: string, name: string): string {
  return `The process "${processId}" does not declare the storage ${JSON.stringify(name)}; name it in its option \`storages\`.`;
}

async function page(objects: AsyncIterable<StorageObject>): Promise<WireObject[]> {
  const found: WireObject[] = [];
  for await (const object of objects) {
    found.push(wire(object));
    if (found.length === MOST_OBJECTS) break;
  }
  return found;
}

function wire({ modified, ...object }: StorageObject): WireObject {
  return { ...object, ...(modified !== undefined && { modified: modified.toISOString() }) };
}
