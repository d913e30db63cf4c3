import type { GitHttpRequest, GitHttpResponse, HttpClient } from 'isomorphic-git';
import { Readable } from 'node:stream';
import { Agent, request } from 'undici';
import type { AddressPolicy } from '../../outgoing/address-policy.js';
import { bounded } from '../../outgoing/bounded-content.js';
import { guardedConnector } from '../../outgoing/guarded-connector.js';

const CONNECT_TIMEOUT = 10_000;

/**
 * Speaks HTTP for the git library: to allowed addresses only, up to a size, and following no redirect.
 * @param timeout milliseconds without a byte after which a request is given up
 */
export function gitHttp(
  addresses: AddressPolicy,
  maxBytes: number,
  timeout: number,
): HttpClient & { close(): Promise<void> } {
  const agent = new Agent({
    connect: guardedConnector(addresses, CONNECT_TIMEOUT),
    headersTimeout: timeout,
    bodyTimeout: timeout,
  });
  return {
    async request({ url, method = 'GET', headers, body }: GitHttpRequest): Promise<GitHttpResponse> {
      const answer = await request(url, {
        method: method as 'GET' | 'POST',
        headers,
        body: body === undefined ? undefined : Readable.from(body),
        dispatcher: agent,
      });
      return {
        url,
        method,
        statusCode: answer.statusCode,
        statusMessage: '',
        headers: Object.fromEntries(Object.entries(answer.headers).map(([name, value]) => [name, String(value)])),
        body: bounded(answer.body, maxBytes),
      };
    },
    close: () => agent.destroy(),
  };
}
