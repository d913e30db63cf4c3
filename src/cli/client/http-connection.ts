import type { Readable } from 'node:stream';
import { Agent, type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import { CliError, UsageError } from '../cli-error.js';
import { ExitCode } from '../exit-code.js';
import { readLinks } from './link-header.js';
import { jobIdOfUrl } from './ogc-documents.js';
import { readProblem, ServerProblem } from './server-problem.js';
import { TransportError } from './transport-error.js';

/** What to send, and how long to wait for the answer to begin. Without a method it is a GET. */
export interface HttpRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Readable;
  readonly signal?: AbortSignal;
  /** Milliseconds within which the answer must begin; absent: it may take as long as it likes. */
  readonly patience?: number;
}

/** An answer below 400; its body is read once, by `body.json()`, `body.text()` or as a stream. */
export type HttpAnswer = Dispatcher.ResponseData;

const MAX_REDIRECTS = 5;
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;
// An execution may take hours before its first byte.
const PATIENT = { headersTimeout: 0, bodyTimeout: 0, connect: { timeout: 10_000 } };

/** Talks HTTP to one server. The user's headers, which may be credentials, go to that server's origin only. */
export class HttpConnection {
  readonly base: URL;
  private readonly dispatcher: Dispatcher;

  /**
   * @param url of the landing page
   * @throws UsageError when it is no http or https URL
   */
  constructor(
    url: string,
    private readonly headers: Readonly<Record<string, string>>,
  ) {
    if (!/^https?:/i.test(url) || !URL.canParse(url)) throw new UsageError(`"${url}" is not an http or https URL.`);
    this.base = new URL(url.replace(/[?#].*$/, '').replace(/\/*$/, '/'));
    this.dispatcher = LOOPBACK.test(this.base.hostname) ? new Agent(PATIENT) : new EnvHttpProxyAgent(PATIENT);
  }

  /** Absolute URL of a path below the landing page. */
  url(path: string): URL {
    return new URL(path.replace(/^\//, ''), this.base);
  }

  /**
   * @param target a path below the landing page, or an absolute URL
   * @throws ServerProblem for an answer of 400 or above; TransportError when there is none
   */
  async send(target: string | URL, options: HttpRequest = {}): Promise<HttpAnswer> {
    let url = typeof target === 'string' ? this.url(target) : target;
    for (let redirects = 0; ; redirects += 1) {
      const answer = await this.attempt(url, options);
      if (answer.statusCode >= 400) throw await problemOf(answer);
      const { location } = answer.headers;
      if (![301, 302, 303, 307, 308].includes(answer.statusCode) || typeof location !== 'string') return answer;
      await answer.body.dump();
      const next = new URL(location, url);
      if ((options.method ?? 'GET') !== 'GET' || redirects === MAX_REDIRECTS) {
        throw new CliError(`The server redirects ${url.href} to ${next.href}.`, ExitCode.problem, 'Correct --url.');
      }
      url = next;
    }
  }

  close(): Promise<void> {
    return this.dispatcher.destroy();
  }

  private async attempt(url: URL, options: HttpRequest): Promise<HttpAnswer> {
    const { method = 'GET', accept = 'application/json', headers, body, patience } = options;
    const tooLate = patience === undefined ? undefined : AbortSignal.timeout(patience);
    const signal = AbortSignal.any([options.signal, tooLate].filter((one) => one !== undefined));
    try {
      return await request(url, {
        dispatcher: this.dispatcher,
        method,
        body,
        signal,
        headers: {
          'user-agent': 'sluice',
          accept,
          ...headers,
          ...(url.origin === this.base.origin && this.headers),
        },
      });
    } catch (error) {
      // What aborted it says why; a file that cannot be sent is no fault of the connection.
      if (options.signal?.aborted) throw options.signal.reason;
      if (tooLate?.aborted) throw new TransportError(url, { code: 'ETIMEDOUT' });
      if (error instanceof CliError) throw error;
      throw new TransportError(url, error);
    }
  }
}

async function problemOf(answer: HttpAnswer): Promise<ServerProblem> {
  const text = await answer.body.text();
  const problem = readProblem(answer.statusCode, answer.statusText, text);
  const monitor = readLinks(answer.headers.link).find(({ rel }) => rel === 'monitor')?.href ?? '';
  return new ServerProblem(answer.statusCode, problem, retryAfterOf(answer), jobIdOfUrl(monitor));
}

/** Seconds a `Retry-After` header asks to wait; it holds seconds or a date. */
export function retryAfterOf({ headers }: Pick<HttpAnswer, 'headers'>, now = Date.now()): number | undefined {
  const header = String(headers['retry-after'] ?? '');
  if (/^\d+$/.test(header)) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, (date - now) / 1_000);
}
