import { Injectable } from '@nestjs/common';
import { DomainError } from '../../../ogc/problems/domain-error.js';
import { storageFailure } from '../../../storage/storage-unavailable.js';
import { UploadService } from '../../../uploads/upload.service.js';
import { UnavailableReference } from '../input-violation.js';
import { type ReferencedContent, ReferenceSource } from './reference-source.js';

/** `upload:<id>`: bytes that the client has sent in advance. */
@Injectable()
export class UploadReferences extends ReferenceSource {
  readonly schemes = ['upload'];
  override readonly isOwn = true;

  constructor(private readonly uploads: UploadService) {
    super();
  }

  async open(href: string, signal: AbortSignal): Promise<ReferencedContent> {
    try {
      const { body, mediaType, name } = await this.uploads.open(href.slice('upload:'.length), signal);
      return { body, ...(mediaType !== undefined && { contentType: mediaType }), ...(name !== undefined && { name }) };
    } catch (error) {
      if (error instanceof DomainError && error.code === 'no-such-upload') {
        throw new UnavailableReference('refers to an upload that does not exist, or has expired', { cause: error });
      }
      if (error instanceof DomainError && error.code === 'upload-incomplete') {
        throw new UnavailableReference('refers to an upload that is not complete', { cause: error });
      }
      if (storageFailure(error) !== error) {
        throw new UnavailableReference('refers to an upload that cannot be read now', { cause: error });
      }
      throw error;
    }
  }
}
