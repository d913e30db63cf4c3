import type { FastifyRequest } from 'fastify';
import type { Settings } from '../../config/settings.js';
import { DomainError } from '../problems/domain-error.js';
import { forwardedHeader, isForwarded } from './trusted-proxies.js';

const HOST = /^(?:[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?\.?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;
const PREFIX = /^(?:\/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)*$/;
const DEFAULT_PORTS: Record<string, string> = { http: '80', https: '443' };

/** Whether a Host header names a host (and port) that a URL can be built from (RFC 9110 section 7.2). */
export function isUsableHost(host: string): boolean {
  return host.length <= 260 && HOST.test(host) && URL.canParse(`http://${host}`);
}

/**
 * The absolute URL under which the client sees the landing page, without a trailing slash. PUBLIC_URL when it is set;
 * else `X-Forwarded-Proto`, `-Host`, `-Port` and `-Prefix` of a proxy in TRUSTED_PROXIES; else the Host header.
 * @param mountPath path under which a host application mounts the API, such as `/ogc`; PUBLIC_URL already contains it
 * @throws DomainError `bad-request` when no usable host is named
 */
export function baseUrl(request: FastifyRequest, settings: Settings, mountPath = ''): string {
  if (settings.PUBLIC_URL !== undefined) return settings.PUBLIC_URL;
  let { protocol, host }: { protocol: string; host: string } = request;
  let prefix = '';
  if (isForwarded(request, settings)) {
    protocol = forwardedHeader(request, 'x-forwarded-proto')?.toLowerCase() ?? protocol;
    host = forwardedHeader(request, 'x-forwarded-host') ?? host;
    const port = forwardedHeader(request, 'x-forwarded-port');
    if (port !== undefined && port !== DEFAULT_PORTS[protocol] && !/:\d+$/.test(host)) host = `${host}:${port}`;
    prefix = forwardedHeader(request, 'x-forwarded-prefix')?.replace(/\/+$/, '') ?? '';
  }
  if (!isUsableHost(host)) throw new DomainError('bad-request', 'The request does not name a usable host.');
  if (protocol !== 'http' && protocol !== 'https') {
    throw new DomainError('bad-request', 'X-Forwarded-Proto must be http or https.');
  }
  if (!PREFIX.test(prefix)) throw new DomainError('bad-request', 'X-Forwarded-Prefix must be a path such as /api.');
  return `${protocol}://${host}${prefix}${mountPath}`;
}
