import proxyAddress from '@fastify/proxy-addr';
import type { FastifyRequest } from 'fastify';
import type { Settings } from '../../config/settings.js';

/** What a proxy says of the request that it passes on. */
const FORWARDED = ['x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port', 'x-forwarded-prefix'] as const;

const compiled = new WeakMap<readonly string[], (address: string, hop: number) => boolean>();

/** Whether the request has `X-Forwarded-*` headers that count: those of a proxy listed in TRUSTED_PROXIES do. */
export function isForwarded(request: FastifyRequest, settings: Settings): boolean {
  // Few requests have any, and judging an address costs more than all else that a link does.
  return FORWARDED.some((name) => request.headers[name] !== undefined) && isFromTrustedProxy(request, settings);
}

/** Decided with the same rules as Fastify's own `trustProxy`. */
function isFromTrustedProxy(request: FastifyRequest, settings: Settings): boolean {
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
export function forwardedHeader(request: FastifyRequest, name: (typeof FORWARDED)[number]): string | undefined {
  const value = request.headers[name];
  const text = Array.isArray(value) ? value.at(-1) : value;
  return text?.split(',').at(-1)?.trim() || undefined;
}
