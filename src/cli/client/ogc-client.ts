import { Readable } from 'node:stream';
import { CliError } from '../cli-error.js';
import { ExitCode } from '../exit-code.js';
import { type HttpAnswer, HttpConnection, retryAfterOf } from './http-connection.js';
import type { ExecuteBody } from '../inputs/execute-body.js';
import {
  type LogLine,
  type Page,
  type ProcessDocument,
  type ProcessSummary,
  type StatusInfo,
  jobIdOf,
  jobIdOfUrl,
} from './ogc-documents.js';
import type { BlockDocument, BlockTestDocument, BlockTypeDocument } from './block-documents.js';
import type { Delivery, NewSubscription, Subscription } from './subscription-documents.js';

/** Which jobs of the list to show: those of any of these statuses and of any of these processes. */
export interface JobFilter {
  readonly status?: readonly string[];
  readonly processId?: readonly string[];
}

/** What an execution was answered with: a job, or the results at once. */
export type ExecuteAnswer =
  | { readonly kind: 'job'; readonly jobId: string; readonly info: StatusInfo }
  | { readonly kind: 'results'; readonly answer: HttpAnswer };

/** A file that is sent in advance. */
export interface NewUpload {
  readonly name?: string;
  readonly mediaType: string;
  /** bytes, where they are known */
  readonly size?: number;
  readonly content: AsyncIterable<Uint8Array>;
}

/** What became of it. */
export interface UploadDocument {
  /** What an input refers to it by: `upload:<id>`. */
  readonly href: string;
}

const PAGE_SIZE = 100;
/** Milliseconds for documents that take no work to answer. */
const PATIENCE = 60_000;

/**
 * A client of any OGC API - Processes server (OGC 18-062r2). Resources are addressed below the landing page it was
 * given, not by the links of the answers: these name the server as it sees itself, which behind a tunnel or a
 * misconfigured proxy leads nowhere.
 */
export class OgcClient {
  constructor(private readonly http: HttpConnection) {}

  /** Absolute URL of a job. */
  jobUrl(jobId: string): string {
    return this.http.url(jobPath(jobId)).href;
  }

  /** All processes, from all pages. */
  async processes(signal?: AbortSignal): Promise<ProcessSummary[]> {
    const found: ProcessSummary[] = [];
    for await (const page of this.pages<Page & { processes?: ProcessSummary[] }>('processes', {}, signal)) {
      found.push(...listOf(page.processes, 'processes'));
    }
    return found;
  }

  process(id: string, signal?: AbortSignal): Promise<ProcessDocument> {
    return this.json<ProcessDocument>(`processes/${encodeURIComponent(id)}`, signal);
  }

  /** Executes a process. @param preferAsync asks for a job (`Prefer: respond-async`) */
  async execute(id: string, body: ExecuteBody, preferAsync: boolean, signal?: AbortSignal): Promise<ExecuteAnswer> {
    const answer = await this.http.send(`processes/${encodeURIComponent(id)}/execution`, {
      method: 'POST',
      accept: '*/*',
      headers: {
        'content-type': 'application/json',
        ...(preferAsync && { prefer: 'respond-async' }),
        ...(body.length !== undefined && { 'content-length': String(body.length) }),
      },
      body: body.stream(),
      signal,
    });
    if (answer.statusCode !== 201) return { kind: 'results', answer };
    // Some servers leave the body out; the location ends with the id of the job.
    const parsed = parseJson(await answer.body.text()) as StatusInfo | null | undefined;
    const info: StatusInfo = { ...parsed, status: parsed?.status ?? 'accepted' };
    const jobId = jobIdOf(info) || jobIdOfUrl(String(answer.headers.location ?? ''));
    if (!jobId) {
      throw new CliError('The server created a job, but does not say which one.', ExitCode.problem);
    }
    return { kind: 'job', jobId, info: { ...info, jobID: jobId } };
  }

  /** Jobs, newest first where the server sorts them so. */
  async *jobs(filter: JobFilter = {}, signal?: AbortSignal): AsyncGenerator<StatusInfo> {
    const query = { status: filter.status?.join(','), processID: filter.processId?.join(',') };
    for await (const page of this.pages<Page & { jobs?: StatusInfo[] }>('jobs', query, signal)) {
      for (const job of listOf(page.jobs, 'jobs')) {
        // Servers without these parameters ignore them.
        if (filter.status && !filter.status.includes(job.status)) continue;
        if (filter.processId && !filter.processId.includes(job.processID ?? '')) continue;
        yield job;
      }
    }
  }

  async job(jobId: string, signal?: AbortSignal): Promise<StatusInfo> {
    return (await this.jobStatus(jobId, signal)).info;
  }

  /** The status of a job, and the seconds after which the server wants to be asked again. */
  async jobStatus(jobId: string, signal?: AbortSignal): Promise<{ info: StatusInfo; retryAfter?: number }> {
    const answer = await this.http.send(jobPath(jobId), { signal, patience: PATIENCE });
    return { info: await jsonOf<StatusInfo>(answer), retryAfter: retryAfterOf(answer) };
  }

  /** The results of a job in the form its execute request asked for. */
  results(jobId: string, accept = '*/*', signal?: AbortSignal): Promise<HttpAnswer> {
    return this.http.send(`${jobPath(jobId)}/results`, { accept, signal });
  }

  /** The results of a job as a document (2.0 draft, profile `ogc-results`); servers of 1.0 answer as the job asked for. */
  resultsDocument(jobId: string): Promise<HttpAnswer> {
    const accept = 'application/json, multipart/related;q=0.5, */*;q=0.1';
    return this.http.send(`${jobPath(jobId)}/results?profile=ogc-results`, { accept });
  }

  /** One output, bare (2.0 draft); servers of 1.0 answer 404. */
  output(jobId: string, outputId: string): Promise<HttpAnswer> {
    return this.http.send(`${jobPath(jobId)}/results/${encodeURIComponent(outputId)}`, { accept: '*/*' });
  }

  /** Fetches what a results document refers to. */
  download(href: string): Promise<HttpAnswer> {
    return this.http.send(new URL(href, this.http.base), { accept: '*/*' });
  }

  /**
   * One page of a job's log.
   * @param query the query of the page, as an earlier page named it in `next`
   */
  async logPage(
    jobId: string,
    query: string,
    signal?: AbortSignal,
  ): Promise<{ lines: readonly LogLine[]; next?: string }> {
    const page = await this.json<Page & { lines?: LogLine[] }>(`${jobPath(jobId)}/logs${query}`, signal);
    return { lines: listOf(page.lines, 'lines'), next: nextQuery(page, this.http.base) };
  }

  /** The task graph of a process or a job, as text; this API's own, other servers have none. */
  async graph(of: 'processes' | 'jobs', id: string, format: string): Promise<string> {
    const path = `${of}/${encodeURIComponent(id)}/graph?f=${format}`;
    const answer = await this.http.send(path, { accept: '*/*', patience: PATIENCE });
    return await answer.body.text();
  }

  async dismiss(jobId: string): Promise<StatusInfo> {
    const answer = await this.http.send(jobPath(jobId), { method: 'DELETE', patience: PATIENCE });
    const info = parseJson(await answer.body.text()) as StatusInfo | null | undefined;
    return { ...info, jobID: info ? jobIdOf(info) || jobId : jobId, status: info?.status ?? 'dismissed' };
  }

  /** Lets no further step of a job begin; this API's own, other servers have nothing of the kind. */
  async pause(jobId: string): Promise<StatusInfo> {
    return jsonOf<StatusInfo>(await this.http.send(`${jobPath(jobId)}/pause`, withBody('POST', {})));
  }

  /** Ends the pause of a job, or answers a step; this API's own. */
  async resume(jobId: string, resumption: { task?: string; input?: unknown }): Promise<StatusInfo> {
    return jsonOf<StatusInfo>(await this.http.send(`${jobPath(jobId)}/resume`, withBody('POST', resumption)));
  }

  /** Repeats a job that has ended; this API's own. @returns the new job */
  async retry(jobId: string, start: { from: 'failure' | 'start' | 'task'; task?: string }): Promise<StatusInfo> {
    return jsonOf<StatusInfo>(await this.http.send(`${jobPath(jobId)}/retry`, withBody('POST', start)));
  }

  /** All subscriptions, from all pages; this API's own, other servers have none. */
  async *subscriptions(signal?: AbortSignal): AsyncGenerator<Subscription> {
    for await (const page of this.pages<Page & { subscriptions?: Subscription[] }>('subscriptions', {}, signal)) {
      yield* listOf(page.subscriptions, 'subscriptions');
    }
  }

  async subscribe(subscription: NewSubscription): Promise<Subscription> {
    return jsonOf<Subscription>(await this.http.send('subscriptions', withBody('POST', subscription)));
  }

  async unsubscribe(id: string): Promise<void> {
    const answer = await this.http.send(subscriptionPath(id), { method: 'DELETE', patience: PATIENCE });
    await answer.body.dump();
  }

  async testSubscription(id: string): Promise<Delivery> {
    return jsonOf<Delivery>(await this.http.send(`${subscriptionPath(id)}/test`, { method: 'POST' }));
  }

  /** The types of blocks; this API's own, other servers have none. */
  async blockTypes(signal?: AbortSignal): Promise<readonly BlockTypeDocument[]> {
    const { types } = await this.json<{ types?: BlockTypeDocument[] }>('block-types', signal);
    return listOf(types, 'types');
  }

  blockType(type: string): Promise<BlockTypeDocument> {
    return this.json<BlockTypeDocument>(`block-types/${encodeURIComponent(type)}`);
  }

  /** All blocks, from all pages. @param type of the blocks to show; absent: all */
  async *blocks(type?: string, signal?: AbortSignal): AsyncGenerator<BlockDocument> {
    for await (const page of this.pages<Page & { blocks?: BlockDocument[] }>('blocks', { type }, signal)) {
      yield* listOf(page.blocks, 'blocks');
    }
  }

  /** @param ref `<type>/<name>` */
  block(ref: string): Promise<BlockDocument> {
    return this.json<BlockDocument>(blockPath(ref));
  }

  async createBlock(type: string, name: string, values: object): Promise<BlockDocument> {
    return jsonOf<BlockDocument>(await this.http.send('blocks', withBody('POST', { type, name, values })));
  }

  async replaceBlock(ref: string, values: object): Promise<BlockDocument> {
    return jsonOf<BlockDocument>(await this.http.send(blockPath(ref), withBody('PUT', { values })));
  }

  async removeBlock(ref: string): Promise<void> {
    const answer = await this.http.send(blockPath(ref), { method: 'DELETE', patience: PATIENCE });
    await answer.body.dump();
  }

  async testBlock(ref: string): Promise<BlockTestDocument> {
    return jsonOf<BlockTestDocument>(await this.http.send(`${blockPath(ref)}/test`, withBody('POST', {})));
  }

  /** Sends a file in advance; this API's own, other servers take none. */
  async upload({ name, mediaType, size, content }: NewUpload, signal?: AbortSignal): Promise<UploadDocument> {
    const query = name === undefined ? '' : `?${new URLSearchParams({ name }).toString()}`;
    const headers = { 'content-type': mediaType, ...(size !== undefined && { 'content-length': String(size) }) };
    const body = Readable.from(content);
    return jsonOf<UploadDocument>(await this.http.send(`uploads${query}`, { method: 'POST', headers, body, signal }));
  }

  close(): Promise<void> {
    return this.http.close();
  }

  private async *pages<T extends Page>(
    path: string,
    parameters: Record<string, string | undefined>,
    signal?: AbortSignal,
  ): AsyncGenerator<T> {
    const given = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined);
    let query: string | undefined = `?${new URLSearchParams([...given, ['limit', String(PAGE_SIZE)]]).toString()}`;
    const seen = new Set<string>();
    while (query !== undefined && !seen.has(query)) {
      seen.add(query);
      const page: T = await this.json<T>(path + query, signal);
      yield page;
      query = nextQuery(page, this.http.base);
    }
  }

  private async json<T>(path: string, signal?: AbortSignal): Promise<T> {
    return jsonOf<T>(await this.http.send(path, { signal, patience: PATIENCE }));
  }
}

function jobPath(jobId: string): string {
  return `jobs/${encodeURIComponent(jobId)}`;
}

function withBody(method: 'POST' | 'PUT', document: object) {
  const headers = { 'content-type': 'application/json' };
  return { method, headers, body: Readable.from([JSON.stringify(document)]), patience: PATIENCE };
}

function blockPath(ref: string): string {
  return `blocks/${ref.split('/').map(encodeURIComponent).join('/')}`;
}

function subscriptionPath(id: string): string {
  return `subscriptions/${encodeURIComponent(id)}`;
}

function nextQuery({ links }: Page, base: URL): string | undefined {
  const href = Array.isArray(links) ? (links as Page['links'])!.find(({ rel }) => rel === 'next')?.href : undefined;
  return href !== undefined && URL.canParse(href, base.href) ? new URL(href, base).search : undefined;
}

async function jsonOf<T>(answer: HttpAnswer): Promise<T> {
  const parsed = parseJson(await answer.body.text());
  if (parsed === null || typeof parsed !== 'object') throw notOgc();
  return parsed as T;
}

function listOf<T>(value: readonly T[] | undefined, name: string): readonly T[] {
  if (Array.isArray(value)) return value as readonly T[];
  throw notOgc(`The answer has no list of ${name}.`);
}

function notOgc(detail = 'The answer is not the JSON document that the standard asks for.'): CliError {
  const advice = 'Is --url the landing page of an OGC API - Processes server?';
  return new CliError(detail, ExitCode.problem, advice);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
