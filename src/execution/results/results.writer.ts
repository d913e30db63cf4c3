import { Injectable } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { LinkRelation } from '../../ogc/links/link-relation.js';
import { formatLinkHeader } from '../../ogc/links/link.js';
import type { OutputDescription } from '../../processes/process-description.js';
import { bareOutput } from './bare-output.js';
import { namesEntityTag, parseByteRange } from './byte-range.js';
import { contentLength, openContent, requireFiles, type Content } from './content.js';
import { multipartRelated } from './multipart-related.js';
import { availableFormats, chooseFormat } from './output-format.js';
import type { ResultOutput } from './result-output.js';
import { resultsDocument } from './results-document.js';
import { planResults, type PlannedOutput, type ResultsPlan, type ResultsQuestion } from './results-plan.js';
import type { ResultsResponse } from './results-response.js';

const RESULTS_PROFILE = 'https://www.opengis.net/def/profile/OGC/0/ogc-results';

/** Outputs are content of strangers served from the API's own origin: a browser shall show them, not run them. */
const HARMLESS = { 'x-content-type-options': 'nosniff', 'content-security-policy': "default-src 'none'; sandbox" };

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
        return { status: 204, headers: { link: this.links(plan.outputs, question) }, applied: {} };
      case 'bare': {
        const { contentType, content } = bareOutput(plan.output.output, plan.output.format);
        const response = await answer(contentType, content, { ...HARMLESS, vary: 'accept' });
        return { ...response, applied: appliedReturn([plan.output], question) };
      }
      case 'multipart':
        return this.multipart(plan.outputs, question);
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
    const headers = { ...HARMLESS, vary: 'accept' };
    if (output.kind === 'value') return answer(contentType, content, headers);

    const etag = `"${output.sha256}"`;
    const tagged = { ...headers, etag, 'accept-ranges': 'bytes' };
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
    const partial = await answer(contentType, [{ path: output.path, ...wanted }], {
      ...tagged,
      'content-range': contentRange,
    });
    return { ...partial, status: 206 };
  }

  private links(outputs: readonly PlannedOutput[], { urlOf }: ResultsQuestion): string[] {
    return outputs.map(({ output, title, format }) =>
      formatLinkHeader([
        { href: urlOf!(output.id), rel: LinkRelation.results, type: format.mediaType, title: title ?? output.id },
      ]),
    );
  }

  private async multipart(outputs: readonly PlannedOutput[], question: ResultsQuestion): Promise<ResultsResponse> {
    const { urlOf } = question;
    const { contentType, content } = multipartRelated(
      outputs.map(({ output, format, transmission }) => {
        const bare = bareOutput(output, format);
        return transmission === 'reference'
          ? { contentId: output.id, contentType: bare.contentType, location: urlOf!(output.id) }
          : { contentId: output.id, ...bare };
      }),
    );
    const response = await answer(contentType, content, { vary: 'accept' });
    return { ...response, applied: appliedReturn(outputs, question) };
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
    const response = await answer('application/json', content, { vary: 'accept', ...profile });
    return { ...response, applied: appliedReturn(plan.outputs, question) };
  }
}

/** What was honoured: `representation` when every output is in the body, `minimal` when large ones could be linked. */
function appliedReturn(
  outputs: readonly PlannedOutput[],
  { returnPreference }: ResultsQuestion,
): ResultsResponse['applied'] {
  const isMinimal = returnPreference === 'minimal';
  return outputs.every(({ transmission }) => (transmission === 'value') !== isMinimal)
    ? { return: returnPreference }
    : {};
}

async function answer(
  contentType: string,
  content: Content,
  headers: Record<string, string | string[]>,
): Promise<ResultsResponse> {
  await requireFiles(content);
  return {
    status: 200,
    headers: { 'content-type': contentType, 'content-length': String(contentLength(content)), ...headers },
    open: () => openContent(content),
    applied: {},
  };
}
