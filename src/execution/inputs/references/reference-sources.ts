import { Injectable } from '@nestjs/common';
import type { ReferenceSource } from './reference-source.js';
import { StorageReferences } from './storage-references.js';
import { UploadReferences } from './upload-references.js';

/** All sources of references but the web. */
@Injectable()
export class ReferenceSources {
  private readonly sources: readonly ReferenceSource[];

  constructor(uploads: UploadReferences, storages: StorageReferences) {
    this.sources = [uploads, storages];
  }

  /** @returns nothing for a reference that is none of theirs */
  of(href: string): ReferenceSource | undefined {
    const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(href)?.[1].toLowerCase();
    return this.sources.find(({ schemes }) => scheme !== undefined && schemes.includes(scheme));
  }
}
