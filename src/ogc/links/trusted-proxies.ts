import proxyAddress from '@fastify/proxy-addr';
import type { FastifyRequest } from 'fastify';
import type { Settings } from '../../config/settings.js';

const compiled = new WeakMap<readonly string[], (address: string, hop: number) => boolean>();

/**
 * Whether the peer of the connection is a proxy listed in TRUSTED_PROXIES; only then its `X-Forwarded-*` headers count.
 * Decided with the same rules as Fastify's own `trustProxy`.
 */
export function isFromTrustedProxy(request: FastifyRequest, settings: Settings): boolean {
  const peer = request.raw.socket?.remoteAddress;
  if (peer === undefined) return false;
  let isTrusted = compiled.get(settings.TRUSTED_PROXIES);
  if (!isTrusted) {
    isTrusted = proxyAddress.compile(settings.TRUSTED_PROXIES);
    compiled.set(settings.TRUSTED_PROXIES, isTrusted);
  }
  return isTrusted(peer, 0);
}

/** A forwarded header as the nearest proxy wrote it: proxies append, so with several values the last one counts. */
export function forwardedHeader(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  const text = Array.isArray(value) ? value.at(-1) : value;
  return text?.split(',').at(-1)?.trim() || undefined;
}
