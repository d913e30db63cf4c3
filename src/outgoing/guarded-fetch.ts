import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { AddressPolicy } from './address-policy.js';
import { bounded } from './bounded-content.js';
import { ACCEPTED_ENCODINGS, contentDecoders, decoded } from './content-decoding.js';
import type { GuardedClient } from './guarded-client.js';
import { OutgoingError } from './outgoing-error.js';

const MAX_REDIRECTS = 5;

/** A request to a URL that a client gave, and how much time and data it may take. */
export interface OutgoingRequest {
  /** default GET. Only GET follows redirects. */
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Milliseconds for everything: all redirects, and the body until its last byte. */
  readonly timeout: number;
  /** Bytes of the body, both as transferred and after decompression. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
}

/** An answer whose body has not been read yet. */
export interface OutgoingResponse {
  readonly status: number;
  /** `Content-Type` as the server wrote it. */
  readonly contentType?: string;
  /** Decompressed and bounded; errors are `OutgoingError`s. Read it to its end or destroy it. */
  readonly body: Readable;
}

/**
 * The one way out: every request that a client of this service can cause (referenced inputs, callbacks) goes through
 * here. It connects to allowed addresses only, on every redirect anew, bounds time and size, sends neither cookies nor
 * credentials, and uses no proxy of the environment.
 */
@Injectable()
export class GuardedFetch implements OnModuleDestroy {
  /** Its library is a tenth of what a node loads at its start, and many a node never needs it. */
  private client: Promise<GuardedClient> | undefined;

  constructor(private readonly policy: AddressPolicy) {}

  async onModuleDestroy(): Promise<void> {
    await (await this.client)?.close();
  }

  /**
   * Sends a request and resolves when the head of the final response is there, whatever its status.
   * @throws OutgoingError; or the reason of `signal` when that was aborted
   */
  async fetch(target: string, options: OutgoingRequest): Promise<OutgoingResponse> {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(new OutgoingError('timeout')), options.timeout);
    const signal = options.signal ? AbortSignal.any([options.signal, deadline.signal]) : deadline.signal;
    try {
      const response = await this.follow(parseTarget(target), options, signal);
      const body = boundedBody(response, options.maxBytes, signal);
      body.once('close', () => clearTimeout(timer));
      return { status: response.statusCode, contentType: single(response.headers['content-type']), body };
    } catch (error) {
      clearTimeout(timer);
      signal.throwIfAborted();
      throw OutgoingError.from(error);
    }
  }

  private async open(): Promise<GuardedClient> {
    const { GuardedClient } = await import('./guarded-client.js');
    return new GuardedClient(this.policy);
  }

  private async follow(start: URL, options: OutgoingRequest, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const client = await (this.client ??= this.open());
    const method = options.method ?? 'GET';
    let url = start;
    for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
      const response = await client.request(url, {
        method,
        headers: { 'user-agent': 'sluice', 'accept-encoding': ACCEPTED_ENCODINGS, ...options.headers },
        body: options.body,
        headersTimeout: options.timeout,
        bodyTimeout: options.timeout,
        signal,
      });
      const location = single(response.headers.location);
      if (method !== 'GET' || location === undefined || !isRedirect(response.statusCode)) return response;
      discard(response.body);
      url = parseTarget(location, url);
    }
    throw new OutgoingError('redirects');
  }
}

function parseTarget(target: string, base?: URL): URL {
  if (!URL.canParse(target, base?.href)) throw new OutgoingError('url');
  const url = new URL(target, base);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new OutgoingError('url');
  if (url.username !== '' || url.password !== '') throw new OutgoingError('credentials');
  return url;
}

function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

function discard(body: Readable): void {
  body.on('error', () => undefined).destroy();
}

function boundedBody(response: Dispatcher.ResponseData, maxBytes: number, signal: AbortSignal): Readable {
  const raw = response.body;
  try {
    if (Number(single(response.headers['content-length']) ?? 0) > maxBytes) throw new OutgoingError('too-large');
    const decoders = contentDecoders(single(response.headers['content-encoding']));
    // Counted twice: an endless compressed stream may decompress to nothing.
    const transferred = bounded(raw, maxBytes);
    const content = decoders.length === 0 ? transferred : bounded(decoded(transferred, decoders), maxBytes);
    const body = Readable.from(translated(content, signal), { objectMode: false });
    body.once('close', () => discard(raw));
    return body;
  } catch (error) {
    discard(raw);
    throw error;
  }
}

async function* translated(source: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* source;
  } catch (error) {
    signal.throwIfAborted();
    throw OutgoingError.from(error);
  }
}
