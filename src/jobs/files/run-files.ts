import { createHash } from 'node:crypto';
import { join, sep } from 'node:path';
import pLimit, { type LimitFunction } from 'p-limit';
import { parseLocation } from '../../storage/file-location.js';
import type { JobFiles } from '../job-files.js';

/** Files of one run that are on their way at once. */
const MOST_AT_ONCE = 4;

/** What is known of a file. */
interface FileFacts {
  readonly mediaType: string;
  /** bytes */
  readonly size?: number;
  readonly sha256?: string;
}

/** Brings files to the places where they are kept, and back. */
export interface FileTransport {
  /** @returns the location @throws DomainError `storage-unavailable`; the reason of the signal */
  upload(file: { readonly path: string } & FileFacts, storage: string, waiting: Waiting): Promise<string>;
  /** @throws DomainError `storage-unavailable`; an error that `isFileGone` knows; the reason of the signal */
  download(location: string, path: string, waiting: Waiting): Promise<void>;
}

/** How a run waits for a storage that is away. */
export interface Waiting {
  readonly signal?: AbortSignal;
  /** Hears in a sentence what is waited for. */
  readonly tell?: (sentence: string) => void;
}

/**
 * The files of one run of a job. Its code sees paths, rows have locations; where files lie in a storage this knows which
 * path stands for which location. A path may stand for a file that is not on this machine: what steps of an earlier run
 * wrote is handed on as it is.
 */
export class RunFiles {
  /** By absolute path. */
  private readonly locations = new Map<string, string>();
  private readonly fetched = new Map<string, Promise<string>>();
  private transfers?: LimitFunction;

  /** Made by `StoredFiles.ofRun`. */
  constructor(
    readonly storage: string | undefined,
    private readonly directory: string,
    private readonly waiting: Waiting,
    private readonly transport: FileTransport,
    private readonly files: JobFiles,
  ) {}

  /** Whether the run has put anything into the storage, or read anything of it. */
  get isKnown(): boolean {
    return this.locations.size > 0;
  }

  /** A path that stands for a file; there is something at it only when the file lies below DATA_DIR. */
  pathOf(location: string): string {
    const { storage, key } = parseLocation(location);
    const path = this.files.absolute(key);
    if (storage !== undefined) this.locations.set(path, location);
    return path;
  }

  /**
   * Puts a file of this run where the files of its job are kept, if it is not there yet.
   * @param path absolute
   * @returns its location
   * @throws DomainError `storage-unavailable`; the reason of the signal
   */
  async keep(path: string, facts: FileFacts): Promise<string> {
    const known = this.locations.get(path);
    if (known !== undefined) return known;
    const { storage } = this;
    if (storage === undefined) return this.files.stored(path);
    const location = await this.limit(() => this.transport.upload({ path, ...facts }, storage, this.waiting));
    this.locations.set(path, location);
    return location;
  }

  /**
   * A file for another worker, which may have another disk.
   * @returns its location; the path itself where nothing of the kind is known
   */
  async handOver(path: string, mediaType: string): Promise<string> {
    const isOurs = this.locations.has(path) || path.startsWith(this.files.absolute('jobs') + sep);
    return this.storage !== undefined && isOurs ? await this.keep(path, { mediaType }) : path;
  }

  /**
   * Makes sure that a file is on this machine.
   * @returns where; absolute
   * @throws DomainError `storage-unavailable`; an error that `isFileGone` knows
   */
  fetch(location: string): Promise<string> {
    const { storage, key } = parseLocation(location);
    if (storage === undefined) return Promise.resolve(key.startsWith(sep) ? key : this.files.absolute(key));
    let path = this.fetched.get(location);
    if (path === undefined) {
      path = this.limit(() => this.download(location));
      this.fetched.set(location, path);
    }
    return path;
  }

  private get limit(): LimitFunction {
    return (this.transfers ??= pLimit(MOST_AT_ONCE));
  }

  private async download(location: string): Promise<string> {
    const name = createHash('sha256').update(location).digest('hex').slice(0, 16);
    const path = join(this.directory, 'fetched', name);
    await this.transport.download(location, path, this.waiting);
    this.locations.set(path, location);
    return path;
  }
}
