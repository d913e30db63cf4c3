import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';

/** Where the bytes of uploads lie that have not arrived in full: `incoming/<id>` in DATA_DIR of the node that takes them. */
@Injectable()
export class UploadPlaces {
  /** absolute */
  readonly directory: string;

  constructor(settings: Settings) {
    this.directory = join(resolve(settings.DATA_DIR), 'incoming');
  }

  path(id: string): string {
    return join(this.directory, id);
  }

  async make(): Promise<void> {
    await mkdir(this.directory, { recursive: true });
  }

  /** Bytes that are there; undefined when this node has none of them. */
  async received(id: string): Promise<number | undefined> {
    return (await stat(this.path(id)).catch(() => undefined))?.size;
  }

  async remove(id: string): Promise<void> {
    await rm(this.path(id), { force: true });
  }

  /** Ids of the uploads of which this node has bytes. */
  async ids(): Promise<string[]> {
    return await readdir(this.directory).catch(() => []);
  }
}
