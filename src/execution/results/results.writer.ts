import { Injectable } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { LinkRelation } from '../../ogc/links/link-relation.js';
import { formatLinkHeader } from '../../ogc/links/link.js';
import { MediaType } from '../../ogc/media-type.js';
import type { OutputDescription } from '../../processes/process-description.js';
import { BARE_HEADERS, bareOutput } from './bare-output.js';
import { namesEntityTag, parseByteRange } from './byte-range.js';
import { contentLength, openContent, requireFiles, type Content } from './content.js';
import { multipartRelated } from './multipart-related.js';
import { availableFormats, chooseFormat } from './output-format.js';
import type { ResultOutput } from './result-output.js';
import { resultsDocument } from './results-document.js';
import { planResults, type PlannedOutput, type ResultsPlan, type ResultsQuestion } from './results-plan.js';
import { RESULTS_PROFILE } from './results-profile.js';
import type { ResultsResponse } from './results-response.js';

/** HTTP has no such header of its own; it is that of MIME, and says that the body is the text of an encoding. */
const TRANSFER_ENCODING = 'content-transfer-encoding';

/** Request headers that matter when a single output is read; as sent. */
export interface OutputConditions {
  readonly accept?: string;
  readonly range?: string;
  readonly ifRange?: string;
  readonly ifNoneMatch?: string;
}

/** Writes results responses: the answer to a synchronous execution, GET results, and GET of one output. */
@Injectable()
export class ResultsWriter {
  constructor(private readonly settings: Settings) {}

  /**
   * Answers by the response matrix, see {@link planResults}. Files are checked for being there, and read only once the
   * body is opened.
   * @throws DomainError `not-acceptable`, `result-not-available`
   */
  async write(question: ResultsQuestion): Promise<ResultsResponse> {
    const plan = planResults(question);
    switch (plan.form) {
      case 'empty':
        return { status: 204, headers: {}, applied: {} };
      case 'links':
        return { status: 204, headers: { link: await this.links(plan.outputs, question) }, applied: {} };
      case 'bare': {
        const { output, format, encoding } = plan.output;
        const { contentType, content } = bareOutput(output, format, encoding);
        if (output.kind === 'file') await requireFiles(content);
        const headers = encoding === undefined ? BARE_HEADERS : { ...BARE_HEADERS, [TRANSFER_ENCODING]: encoding };
        return respond(contentType, content, headers, this.applied([plan.output], question));
      }
      case 'multipart':
        return await this.multipart(plan.outputs, question);
      case 'document':
        return this.document(plan, question);
    }
  }

  /**
   * Answers with one output bare (2.0 /req/core/job-results-async-one). A file has an entity tag and can be had in
   * ranges.
   * @throws DomainError `not-acceptable`, `result-not-available`
   */
  async writeOutput(
    output: ResultOutput,
    { schema }: OutputDescription,
    { accept, range, ifRange, ifNoneMatch }: OutputConditions,
  ): Promise<ResultsResponse> {
    const format = chooseFormat(output.id, availableFormats(output, schema), { accept });
    const { contentType, content } = bareOutput(output, format);
    if (output.kind === 'value') return answer(contentType, content, BARE_HEADERS);

    const etag = `"${output.sha256}"`;
    const tagged = { ...BARE_HEADERS, etag, 'accept-ranges': 'bytes' };
    if (namesEntityTag(ifNoneMatch, etag)) return { status: 304, headers: tagged, applied: {} };
    const wanted = ifRange === undefined || ifRange.trim() === etag ? parseByteRange(range, output.size) : undefined;
    if (wanted === undefined) return answer(contentType, content, tagged);
    if (wanted === 'unsatisfiable') {
      return {
        status: 416,
        headers: { 'accept-ranges': 'bytes', 'content-range': `bytes */${output.size}` },
        applied: {},
      };
    }
    const contentRange = `bytes ${wanted.start}-${wanted.end - 1}/${output.size}`;
    const partial = await answer(contentType, [{ bytes: output.bytes, ...wanted }], {
      ...tagged,
      'content-range': contentRange,
    });
    return { ...partial, status: 206 };
  }

  private links(outputs: readonly PlannedOutput[], { urlOf }: ResultsQuestion): Promise<string[]> {
    const links = outputs.map(async ({ output, title, format }) => {
      const href = await urlOf!(output);
      return formatLinkHeader([{ href, rel: LinkRelation.results, type: format.mediaType, title: title ?? output.id }]);
    });
    return Promise.all(links);
  }

  private async multipart(outputs: readonly PlannedOutput[], question: ResultsQuestion): Promise<ResultsResponse> {
    const { urlOf } = question;
    const parts = outputs.map(async ({ output, format, encoding, transmission }) => {
      const bare = bareOutput(output, format, encoding);
      return transmission === 'reference'
        ? { contentId: output.id, contentType: bare.contentType, location: await urlOf!(output) }
        : { contentId: output.id, ...bare, encoding };
    });
    const { contentType, content } = multipartRelated(await Promise.all(parts));
    return await answer(contentType, content, { vary: 'accept' }, this.applied(outputs, question));
  }

  private async document(
    plan: Extract<ResultsPlan, { form: 'document' }>,
    question: ResultsQuestion,
  ): Promise<ResultsResponse> {
    const { urlOf } = question;
    const content = await resultsDocument(plan.outputs, { urlOf, inlineLimit: this.settings.INLINE_OUTPUT });
    const profile: Record<string, string[]> = plan.profile
      ? { link: [formatLinkHeader([{ href: RESULTS_PROFILE, rel: LinkRelation.profile }])] }
      : {};
    return answer(MediaType.json, content, { vary: 'accept', ...profile }, this.applied(plan.outputs, question));
  }

  /** What was honoured: `representation` when every output is in the body, `minimal` when no large one is. */
  private applied(
    outputs: readonly PlannedOutput[],
    { returnPreference }: ResultsQuestion,
  ): ResultsResponse['applied'] {
    if (returnPreference === undefined) return {};
    const isHonoured = ({ transmission, output }: PlannedOutput): boolean =>
      returnPreference === 'representation'
        ? transmission === 'value'
        : transmission !== 'value' || sizeOf(output) <= this.settings.INLINE_OUTPUT;
    return outputs.every(isHonoured) ? { return: returnPreference } : {};
  }
}

/** Bytes of an output as it is stored. */
function sizeOf(output: ResultOutput): number {
  return output.kind === 'file' ? output.size : Buffer.byteLength(JSON.stringify(output.value ?? null));
}

async function answer(
  contentType: string,
  content: Content,
  headers: ResultsResponse['headers'],
  applied?: ResultsResponse['applied'],
): Promise<ResultsResponse> {
  await requireFiles(content);
  return respond(contentType, content, headers, applied);
}

/** The response with content whose files, if any, are known to be there. */
function respond(
  contentType: string,
  content: Content,
  headers: ResultsResponse['headers'],
  applied: ResultsResponse['applied'] = {},
): ResultsResponse {
  return {
    status: 200,
    headers: { ...headers, 'content-type': contentType, 'content-length': String(contentLength(content)) },
    open: () => openContent(content),
    applied,
  };
}
