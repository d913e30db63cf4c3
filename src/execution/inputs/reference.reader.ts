import { Readable } from 'node:stream';
import { Injectable, Optional } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { isJsonType, MediaType } from '../../ogc/media-type.js';
import { bounded } from '../../outgoing/bounded-content.js';
import { GuardedFetch } from '../../outgoing/guarded-fetch.js';
import { OutgoingError } from '../../outgoing/outgoing-error.js';
import type { OgcSchema } from '../../processes/process-description.js';
import { StorageError } from '../../storage/storage-error.js';
import { alternativeFor, alternativesOf, type Alternative } from '../schema-alternatives.js';
import { fileNameOf, safeFileName } from './file-name.js';
import { parseJson } from './inline-input.reader.js';
import type { InputStager } from './input-stager.js';
import type { ReferencedContent } from './references/reference-source.js';
import { ReferenceSources } from './references/reference-sources.js';
import { UnavailableReference } from './input-violation.js';
import { decodeText } from './text-decoding.js';

/** A reference whose structure is right. */
export interface InputReference {
  readonly href: string;
  /** As the client declared it; counts more than what the server says. */
  readonly mediaType?: string;
}

/**
 * Fetches referenced inputs (OGC 18-062r2 /req/core/process-execute-inputs B). Bytes go to a file while they arrive;
 * text and JSON become values and may be as large as an inline value, which MAX_BODY bounds.
 */
@Injectable()
export class ReferenceReader {
  constructor(
    private readonly fetcher: GuardedFetch,
    private readonly settings: Settings,
    /** Absent where there are no storages. */
    @Optional() private readonly sources?: ReferenceSources,
  ) {}

  /**
   * @returns an `InputFile` for a binary input, else the value
   * @throws UnavailableReference when it cannot be fetched; InputViolation when the content is not of its kind
   */
  async read(reference: InputReference, schema: OgcSchema, stager: InputStager, signal: AbortSignal): Promise<unknown> {
    const response = await this.open(reference, schema, signal);
    try {
      return await this.consume(response, reference, schema, stager, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (isOfStorage(error))
        throw new UnavailableReference('refers to something that cannot be read now', { cause: error });
      throw error instanceof OutgoingError ? unavailable(error) : error;
    } finally {
      response.body.destroy();
    }
  }

  private async open(reference: InputReference, schema: OgcSchema, signal: AbortSignal): Promise<ReferencedContent> {
    const source = this.sources?.of(reference.href);
    if (source === undefined) return await this.fetch(reference, schema, signal);
    if (source.isOwn) return await source.open(reference.href, signal);
    const limit = AbortSignal.timeout(this.settings.REFERENCE_TIMEOUT);
    const content = await source.open(reference.href, AbortSignal.any([signal, limit]));
    const body = Readable.from(bounded(content.body, this.settings.MAX_REFERENCE), { objectMode: false });
    return { ...content, body: body.once('close', () => content.body.destroy()) };
  }

  private async fetch(reference: InputReference, schema: OgcSchema, signal: AbortSignal): Promise<ReferencedContent> {
    try {
      const response = await this.fetcher.fetch(reference.href, {
        headers: { accept: acceptFor(reference, schema) },
        timeout: this.settings.REFERENCE_TIMEOUT,
        maxBytes: this.settings.MAX_REFERENCE,
        signal,
      });
      if (response.status >= 200 && response.status < 300) return response;
      response.body.destroy();
      throw new UnavailableReference(`refers to something that was answered with status ${response.status}`);
    } catch (error) {
      throw error instanceof OutgoingError ? unavailable(error) : error;
    }
  }

  private async consume(
    { body, contentType, name }: ReferencedContent,
    { href, mediaType }: InputReference,
    schema: OgcSchema,
    stager: InputStager,
    signal: AbortSignal,
  ): Promise<unknown> {
    const type = mediaType ?? contentType;
    const alternative = chooseAlternative(type, schema);
    if (alternative.kind === 'binary') {
      const stagedType = mediaType ?? alternative.mediaType ?? contentType ?? MediaType.octets;
      return stager.stage(body, stagedType, signal, (name && safeFileName(name)) ?? fileNameOf(href));
    }
    const text = await decodeText(bounded(body, this.settings.MAX_BODY), type);
    return isJsonContent(alternative, type) ? parseJson(text) : text;
  }
}

/** Servers often name no type or a wrong one; then the default alternative stands. */
function chooseAlternative(type: string | undefined, schema: OgcSchema): Alternative {
  return (type !== undefined && alternativeFor(schema, type)) || alternativesOf(schema)[0];
}

/** A string that is declared to hold JSON stays text; an undeclared one is read from JSON when it comes as JSON. */
function isJsonContent({ kind, mediaType }: Alternative, type: string | undefined): boolean {
  return kind === 'json' || (mediaType === undefined && type !== undefined && isJsonType(type));
}

function acceptFor(reference: InputReference, schema: OgcSchema): string {
  if (reference.mediaType !== undefined) return `${reference.mediaType}, */*;q=0.1`;
  const types = alternativesOf(schema).map(
    ({ mediaType, kind }) => mediaType ?? (kind === 'json' ? MediaType.json : '*/*'),
  );
  return [...new Set([...types, '*/*;q=0.1'])].join(', ');
}

/** What a storage fails with while it is read, or when that takes longer than REFERENCE_TIMEOUT. */
function isOfStorage(error: unknown): boolean {
  return error instanceof StorageError || (error instanceof DOMException && error.name === 'TimeoutError');
}

function unavailable(error: OutgoingError): UnavailableReference {
  return new UnavailableReference(`refers to something that ${error.message}`, { cause: error });
}
