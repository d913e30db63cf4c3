import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { Exchange } from './exchange.js';
import type { OfficialSchemas } from './official-schemas.js';
import { jobIdOf, linksOf, type ProcessDescription, type ProcessList, type StatusInfo } from './ogc-documents.js';
import type { Outpost } from './outpost.js';
import { NotTestable } from './not-testable.js';
import type { StandardVersion } from './standard-version.js';

type Headers = Record<string, string>;

export interface ExecuteBody {
  readonly inputs?: Record<string, unknown>;
  readonly outputs?: Record<string, unknown>;
  readonly response?: 'raw' | 'document';
  readonly subscriber?: Record<string, string>;
}

/** Any server of OGC API - Processes, known by the URL of its landing page only. */
export class ServerUnderTest {
  /** Everything that was asked so far, for the checks of the API definition. */
  readonly exchanges: Exchange[] = [];
  private descriptions: Promise<ProcessDescription[]> | undefined;

  /**
   * @param base URL of the landing page without a trailing slash
   * @param schemas official schemas, when they are at hand
   * @param outpost a place that the server can reach, when there is one
   */
  constructor(
    readonly base: string,
    private readonly schemas?: OfficialSchemas,
    private readonly reachable?: Outpost,
  ) {}

  /** @param target path below the landing page, or an absolute URL */
  async request(method: string, target: string, headers: Headers = {}, body?: string): Promise<Exchange> {
    const url = /^https?:/.test(target) ? target : `${this.base}${target}`;
    const response = await fetch(url, { method, headers, body, redirect: 'manual' }).catch((error: Error) => {
      const { cause = error } = error as { cause?: Error };
      throw new Error(`${method} ${url} had no answer: ${cause.message || (cause as NodeJS.ErrnoException).code}`);
    });
    const exchange = new Exchange(method, url, response, Buffer.from(await response.arrayBuffer()));
    this.exchanges.push(exchange);
    return exchange;
  }

  get(target: string, headers: Headers = {}): Promise<Exchange> {
    return this.request('GET', target, { accept: 'application/json', ...headers });
  }

  execute(processId: string, body: ExecuteBody, headers: Headers = {}): Promise<Exchange> {
    const target = `/processes/${encodeURIComponent(processId)}/execution`;
    return this.request('POST', target, { 'content-type': 'application/json', ...headers }, JSON.stringify(body));
  }

  /** Executes as a job. @returns its status document */
  async submit(processId: string, body: ExecuteBody): Promise<StatusInfo> {
    // The official test suite sends the blank after the preference.
    return (await this.execute(processId, body, { prefer: 'respond-async ' })).is(201).json<StatusInfo>();
  }

  /** Waits until a job is in one of some statuses. */
  async until(jobId: string, statuses: readonly StatusInfo['status'][], patience = 60_000): Promise<StatusInfo> {
    const deadline = Date.now() + patience;
    for (;;) {
      const status = (await this.get(`/jobs/${jobId}`)).is(200).json<StatusInfo>();
      if (statuses.includes(status.status)) return status;
      if (Date.now() > deadline) throw new Error(`job ${jobId} is still ${status.status} after ${patience} ms`);
      await delay(100);
    }
  }

  /** Executes as a job, and waits for its end. @returns the id of the job, which must have been successful */
  async completed(processId: string, body: ExecuteBody): Promise<string> {
    const jobId = jobIdOf(await this.submit(processId, body));
    const { status } = await this.until(jobId, ['successful', 'failed', 'dismissed']);
    assert.equal(status, 'successful', `job ${jobId} of ${processId}`);
    return jobId;
  }

  /** All descriptions the server offers, read once. */
  processes(): Promise<ProcessDescription[]> {
    this.descriptions ??= this.readProcesses();
    return this.descriptions;
  }

  /** Validates a document against an official schema; without schemas this says nothing. */
  conforms(version: StandardVersion, schema: string, document: unknown): void {
    const faults = this.schemas?.faultsOf(version, schema, document);
    if (faults !== undefined) assert.fail(faults);
  }

  /** Checks an exception (exception.yaml). @param type the `type` it must have, when the standard names one */
  isException(exchange: Exchange, status: number, type?: string): void {
    exchange.is(status);
    assert.match(exchange.mediaType, /^application\/(problem\+)?json$/, exchange.summary());
    const problem = exchange.json<{ type: string; status?: number }>();
    this.conforms('1.0', 'exception', problem);
    if (type !== undefined) assert.equal(problem.type, type, exchange.summary());
    if (problem.status !== undefined) assert.equal(problem.status, status);
  }

  /**
   * Why a check that ended with its latest request shows nothing about the server: the process did not like the content
   * that was thought of for it, or the server does not turn to the tester.
   * @param since number of exchanges before the check
   */
  excuse(since: number): string | undefined {
    const last = this.exchanges.length > since ? this.exchanges.at(-1) : undefined;
    if (last?.isRefusedContent) return `a process refused the content of its input: ${last.summary()}`;
    if (this.reachable?.isInVain !== true) return undefined;
    return (
      'the server refuses the URL of the tester, or cannot reach it: name one with --outpost, and let the server ' +
      'connect to it (of this project: ALLOW_PRIVATE_REFERENCES=true)'
    );
  }

  /** What is offered to the server from now on belongs to one check. */
  beginCheck(): void {
    this.reachable?.beginCheck();
  }

  /** @throws NotTestable when nothing here is reachable from the server */
  get outpost(): Outpost {
    if (this.reachable !== undefined) return this.reachable;
    throw new NotTestable('the server cannot reach the tester; name a URL of the tester with --outpost');
  }

  private async readProcesses(): Promise<ProcessDescription[]> {
    const ids = new Set<string>();
    let url: string | undefined = '/processes?limit=1000';
    while (url !== undefined) {
      const page: ProcessList = (await this.get(url)).is(200).json<ProcessList>();
      for (const { id } of page.processes) ids.add(id);
      const next: string | undefined = linksOf(page, 'next')[0]?.href;
      url = next && new URL(next, `${this.base}/`).href;
    }
    const descriptions: ProcessDescription[] = [];
    for (const id of ids) {
      descriptions.push((await this.get(`/processes/${encodeURIComponent(id)}`)).is(200).json<ProcessDescription>());
    }
    // An echo process is made for tests like these, so it is tried first.
    return descriptions.sort((a, b) => Number(/echo/i.test(b.id)) - Number(/echo/i.test(a.id)));
  }
}
