import { Readable } from 'node:stream';
import { Agent, type Dispatcher, request } from 'undici';
import type { AddressPolicy } from '../../outgoing/address-policy.js';
import { guardedConnector } from '../../outgoing/guarded-connector.js';
import { rangeHeader } from '../byte-range.js';
import { ReadOnlyStorage } from '../read-only-storage.js';
import type { GetOptions, StoredObject } from '../storage.js';
import { slice } from '../slice.js';
import { StorageError } from '../storage-error.js';
import { checkKey } from '../storage-key.js';
import { translatedStream } from '../translated-stream.js';
import { httpFault, statusFault } from './http-fault.js';

const CONNECT_TIMEOUT = 10_000;
const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Where files are offered over HTTP. */
export interface HttpStorageOptions {
  /** Keys are appended to its path. A query is kept, as signatures for whole directories need it. */
  readonly baseUrl: string;
  /** Sent to the host of `baseUrl` only, not where that redirects to. */
  readonly headers?: Readonly<Record<string, string>>;
  /** milliseconds without a byte after which a request is given up, default 60 s */
  readonly timeout?: number;
}

/** Files that a web server offers below a URL. It cannot say which there are. */
export class HttpStorage extends ReadOnlyStorage {
  private readonly base: URL;
  private readonly agent: Agent;

  /** @throws StorageError `misconfigured` when the base is no http or https URL without credentials */
  constructor(
    private readonly options: HttpStorageOptions,
    addresses: AddressPolicy,
  ) {
    super();
    this.base = parseBase(options.baseUrl);
    const timeout = options.timeout ?? 60_000;
    const connect = guardedConnector(addresses, CONNECT_TIMEOUT);
    this.agent = new Agent({ connect, headersTimeout: timeout, bodyTimeout: timeout });
  }

  async get(key: string, { range, signal }: GetOptions = {}): Promise<Readable> {
    const url = this.urlOf(checkKey(key));
    if (range?.end !== undefined && range.end <= range.start) return await this.nothingOf(key, range.start);
    const response = await this.ask('GET', url, key, rangeHeader(range), signal);
    if (response.statusCode === 416) {
      discard(response.body);
      return await this.nothingOf(key, range?.start ?? 0);
    }
    this.check(response, key);
    const body = translatedStream(response.body, (error) => httpFault(error, key), signal);
    // A server may send everything though it was asked for a part.
    if (range === undefined || response.statusCode === 206) return body;
    return await slice(body, range, key);
  }

  async stat(key: string): Promise<StoredObject> {
    const url = this.urlOf(checkKey(key));
    const response = await this.ask('HEAD', url, key);
    discard(response.body);
    this.check(response, key);
    const size = Number(single(response.headers['content-length']));
    if (!Number.isSafeInteger(size)) {
      throw new StorageError('unsupported', key, { detail: 'lies at a server that does not say how large it is' });
    }
    const modified = new Date(single(response.headers['last-modified']) ?? NaN);
    return {
      key,
      size,
      modified: Number.isNaN(modified.getTime()) ? undefined : modified,
      etag: single(response.headers.etag)?.replace(/^W\//, '').replaceAll('"', ''),
      mediaType: single(response.headers['content-type']),
    };
  }

  // eslint-disable-next-line @typescript-eslint/require-await
  async *list(prefix: string): AsyncGenerator<StoredObject> {
    throw new StorageError('unsupported', JSON.stringify(prefix), { detail: 'cannot be listed over HTTP' });
  }

  /** Only that the server answers and does not refuse: whether there is something at the base itself says nothing. */
  async test(): Promise<void> {
    const subject = 'The base URL';
    const { statusCode, body } = await this.ask('HEAD', this.base, subject);
    discard(body);
    const fault = statusFault(statusCode);
    if (fault === 'forbidden' || fault === 'unavailable') throw new StorageError(fault, subject);
  }

  override async close(): Promise<void> {
    await this.agent.destroy();
  }

  private urlOf(key: string): URL {
    const url = new URL(this.base);
    url.pathname = `${url.pathname.replace(/\/+$/, '')}/${key.split('/').map(encodeURIComponent).join('/')}`;
    return url;
  }

  private async ask(
    method: 'GET' | 'HEAD',
    start: URL,
    key: string,
    range?: string,
    signal?: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    try {
      let url = start;
      for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
        const response = await request(url, {
          method,
          headers: {
            'user-agent': 'sluice',
            'accept-encoding': 'identity',
            ...(url.origin === this.base.origin && this.options.headers),
            ...(range !== undefined && { range }),
          },
          dispatcher: this.agent,
          signal,
        });
        const location = single(response.headers.location);
        if (location === undefined || !REDIRECTS.has(response.statusCode)) return response;
        discard(response.body);
        url = parseBase(new URL(location, url).href);
      }
    } catch (error) {
      signal?.throwIfAborted();
      throw httpFault(error, key);
    }
    throw new StorageError('misconfigured', key, { detail: 'redirects too often' });
  }

  private check({ statusCode, body }: Dispatcher.ResponseData, key: string): void {
    const fault = statusFault(statusCode);
    if (fault === undefined) return;
    discard(body);
    throw new StorageError(fault, key);
  }

  private async nothingOf(key: string, start: number): Promise<Readable> {
    const { size } = await this.stat(key);
    if (start > 0 && start >= size) throw new StorageError('not-found', key, { detail: 'ends before that range' });
    return Readable.from([]);
  }
}

function parseBase(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new StorageError('misconfigured', 'The base URL', {
      detail: 'is no http or https URL without user name and password',
    });
  }
  return url;
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

function discard(body: Readable): void {
  body.on('error', () => undefined).destroy();
}
