import { Injectable } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { LinkRelation } from '../../ogc/links/link-relation.js';
import { formatLinkHeader } from '../../ogc/links/link.js';
import { MediaType } from '../../ogc/media-type.js';
import { DomainError } from '../../ogc/problems/domain-error.js';
import type { OutputDescription } from '../../processes/process-description.js';
import { BARE_HEADERS, bareOutput } from './bare-output.js';
import { namesEntityTag, parseByteRange } from './byte-range.js';
import { contentLength, openContent, requireFiles, type Content } from './content.js';
import { multipartRelated } from './multipart-related.js';
import { availableFormats, chooseFormat, negotiate } from './output-format.js';
import { asRequested, producedAsRequested } from './requested-output.js';
import type { ResultOutput } from './result-output.js';
import { resultsDocument } from './results-document.js';
import { planResults, type PlannedOutput, type ResultsPlan, type ResultsQuestion } from './results-plan.js';
import { RESULTS_PROFILE } from './results-profile.js';
import type { ResultsResponse } from './results-response.js';
import { withStoredValues } from './stored-value.js';

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
   * body is opened. A file of a job that is the whole of the body has an entity tag and can be had in ranges.
   * @param conditions `accept` is that of the question
   * @throws DomainError `not-acceptable`, `result-not-available`
   */
  async write(question: ResultsQuestion, conditions: OutputConditions = {}): Promise<ResultsResponse> {
    const plan = await planWithValues(question);
    switch (plan.form) {
      case 'empty':
        return { status: 204, headers: {}, applied: {} };
      case 'links':
        return { status: 204, headers: { link: await this.links(plan.outputs, question) }, applied: {} };
      case 'bare': {
        const { output, format, encoding } = plan.output;
        const { contentType, content } = bareOutput(output, format, encoding);
        const applied = this.applied([plan.output], question);
        if (output.kind === 'file' && encoding === undefined && question.source === 'job') {
          return { ...(await answerFile(output, contentType, conditions)), applied };
        }
        if (output.kind === 'file') await requireFiles(content);
        const headers = encoding === undefined ? BARE_HEADERS : { ...BARE_HEADERS, [TRANSFER_ENCODING]: encoding };
        return respond(contentType, content, headers, applied);
      }
      case 'multipart':
        return await this.multipart(plan.outputs, question);
      case 'document':
        return this.document(plan, question);
    }
  }

  /**
   * Answers with one output bare (2.0 /req/core/job-results-async-one), in the format that was asked for with it when the
   * client takes that one. A file has an entity tag and can be had in ranges.
   * @param requested media type that the execute request named for this output
   * @throws DomainError `not-acceptable`, `result-not-available`
   */
  async writeOutput(
    output: ResultOutput,
    { schema }: Pick<OutputDescription, 'schema'>,
    conditions: OutputConditions,
    requested?: string,
  ): Promise<ResultsResponse> {
    const { accept } = conditions;
    const isTaken = requested !== undefined && negotiate(accept, [requested]) !== undefined;
    const mediaType = isTaken ? requested : undefined;
    const choose = (candidate: ResultOutput) => ({
      output: candidate,
      format: chooseFormat(candidate.id, availableFormats(candidate, schema), { mediaType, accept }),
    });
    const chosen = await orWithValues([await asRequested(output, schema, mediaType)], ([candidate]) =>
      choose(candidate),
    );
    const { contentType, content } = bareOutput(chosen.output, chosen.format);
    if (chosen.output.kind === 'value') return answer(contentType, content, BARE_HEADERS);
    return await answerFile(chosen.output, contentType, conditions);
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

/** The plan; what cannot be had of a file can perhaps be had of the value in it. @throws as {@link planResults} */
async function planWithValues(question: ResultsQuestion): Promise<ResultsPlan> {
  const outputs = await producedAsRequested(question.produced, question.request.outputs, question.described);
  try {
    return await orWithValues(outputs, (produced) => planResults({ ...question, produced }));
  } catch (error) {
    const isLastChance = question.source === 'execution' && question.urlOf === undefined;
    if (!isLastChance || !isNotAcceptable(error)) throw error;
    // No job keeps these results for another Accept; HTTP lets a server disregard it (RFC 9110 section 12.5.1).
    return planResults({ ...question, produced: outputs, accept: undefined });
  }
}

function isNotAcceptable(error: unknown): boolean {
  return error instanceof DomainError && error.code === 'not-acceptable';
}

/** Repeats what does not go with files with the values that they hold. @throws DomainError `not-acceptable` */
async function orWithValues<T>(
  outputs: readonly ResultOutput[],
  plan: (outputs: readonly ResultOutput[]) => T,
): Promise<T> {
  try {
    return plan(outputs);
  } catch (error) {
    if (!isNotAcceptable(error)) throw error;
    const values = await withStoredValues(outputs);
    if (values === undefined) throw error;
    return plan(values);
  }
}

/** A file as the whole of a body: its entity tag is that of its bytes, and a part of it can be asked for. */
async function answerFile(
  { bytes, size, sha256 }: Extract<ResultOutput, { kind: 'file' }>,
  contentType: string,
  { range, ifRange, ifNoneMatch }: OutputConditions,
): Promise<ResultsResponse> {
  const etag = `"${sha256}"`;
  const tagged = { ...BARE_HEADERS, etag, 'accept-ranges': 'bytes' };
  if (namesEntityTag(ifNoneMatch, etag)) return { status: 304, headers: tagged, applied: {} };
  const wanted = ifRange === undefined || ifRange.trim() === etag ? parseByteRange(range, size) : undefined;
  if (wanted === undefined) return await answer(contentType, [{ bytes, start: 0, end: size }], tagged);
  if (wanted === 'unsatisfiable') {
    const headers = { 'accept-ranges': 'bytes', 'content-range': `bytes */${size}` };
    return { status: 416, headers, applied: {} };
  }
  const contentRange = `bytes ${wanted.start}-${wanted.end - 1}/${size}`;
  const headers = { ...tagged, 'content-range': contentRange };
  return { ...(await answer(contentType, [{ bytes, ...wanted }], headers)), status: 206 };
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
