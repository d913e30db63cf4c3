import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Injectable } from '@nestjs/common';
import { fileNameOf } from '../execution/inputs/file-name.js';
import { UnavailableReference } from '../execution/inputs/input-violation.js';
import { type InputReference, ReferenceReader } from '../execution/inputs/reference.reader.js';
import { alternativeFor, alternativesOf } from '../execution/schema-alternatives.js';
import { MediaType } from '../ogc/media-type.js';
import { InputFile } from '../processes/input-file.js';
import type { OgcSchema } from '../processes/process-description.js';

/** Reads references as the service does, and files of this machine where they lie: nothing is copied. */
@Injectable()
export class LocalReferences extends ReferenceReader {
  override async read(
    reference: InputReference,
    schema: OgcSchema,
    ...rest: [stager: Parameters<ReferenceReader['read']>[2], signal: AbortSignal]
  ): Promise<unknown> {
    if (!reference.href.startsWith('file:')) return await super.read(reference, schema, ...rest);
    const { mediaType } = reference;
    const chosen = mediaType === undefined ? undefined : alternativeFor(schema, mediaType);
    const { mediaType: declared } = chosen ?? alternativesOf(schema)[0];
    const path = fileURLToPath(reference.href);
    const found = await stat(path).catch((error: Error) => {
      throw new UnavailableReference(`cannot be read: ${error.message}`);
    });
    return new InputFile(path, found.size, mediaType ?? declared ?? MediaType.octets, fileNameOf(reference.href));
  }
}
