import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { FastifyRequest } from 'fastify';
import { Settings } from '../../config/settings.js';
import { DomainError } from '../problems/domain-error.js';
import { baseUrl, isUsableHost } from './base-url.js';

const request = (headers: Record<string, string>, remoteAddress?: string) =>
  ({
    headers,
    host: headers.host ?? '',
    protocol: 'http',
    raw: { socket: { remoteAddress } },
  }) as unknown as FastifyRequest;

const settings = (environment: Record<string, string> = {}) => Settings.parse(environment);
const PROXIED = {
  host: 'inner:3000',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'example.org',
  'x-forwarded-prefix': '/ogc/',
};

describe('baseUrl', () => {
  it('is PUBLIC_URL when it is set, whatever the headers say', () => {
    const url = baseUrl(
      request(PROXIED, '127.0.0.1'),
      settings({ PUBLIC_URL: 'https://public.example/ogc/' }),
      '/mount',
    );
    expect(url).toBe('https://public.example/ogc');
  });

  it('follows the Host header without a proxy, under the mount path', () => {
    expect(baseUrl(request({ host: 'localhost:3000' }), settings(), '/ogc')).toBe('http://localhost:3000/ogc');
  });

  it('believes forwarded headers of a trusted proxy', () => {
    expect(baseUrl(request(PROXIED, '127.0.0.1'), settings())).toBe('https://example.org/ogc');
    expect(baseUrl(request(PROXIED, '::ffff:10.1.2.3'), settings({ TRUSTED_PROXIES: '10.0.0.0/8' }))).toBe(
      'https://example.org/ogc',
    );
  });

  it('does not believe them from anybody else', () => {
    expect(baseUrl(request(PROXIED, '10.1.2.3'), settings())).toBe('http://inner:3000');
    expect(baseUrl(request(PROXIED, undefined), settings())).toBe('http://inner:3000');
  });

  it('takes what the nearest proxy wrote when several have', () => {
    const headers = { ...PROXIED, 'x-forwarded-host': 'evil.example, example.org', 'x-forwarded-proto': 'ftp, https' };
    expect(baseUrl(request(headers, '127.0.0.1'), settings())).toBe('https://example.org/ogc');
  });

  it('adds a forwarded port unless it is the default or already there', () => {
    const withPort = (port: string, host = 'example.org') =>
      baseUrl(
        request({ 'x-forwarded-proto': 'https', 'x-forwarded-host': host, 'x-forwarded-port': port }, '::1'),
        settings(),
      );
    expect(withPort('8443')).toBe('https://example.org:8443');
    expect(withPort('443')).toBe('https://example.org');
    expect(withPort('8443', 'example.org:9')).toBe('https://example.org:9');
  });

  it.each([
    ['a host with a path', { host: 'a/b' }],
    ['no host', {}],
    ['credentials in the host', { host: 'user:pw@example.org' }],
    ['markup in the host', { host: '"><script>' }],
    ['an unknown scheme', { ...PROXIED, 'x-forwarded-proto': 'javascript' }],
    ['a prefix that is a host', { ...PROXIED, 'x-forwarded-prefix': '//evil.example' }],
    ['a prefix that is no path', { ...PROXIED, 'x-forwarded-prefix': 'ogc' }],
    ['a port that is none', { ...PROXIED, 'x-forwarded-port': '80a' }],
  ])('refuses %s with bad-request', (_, headers) => {
    const attempt = () => baseUrl(request(headers, '127.0.0.1'), settings());
    expect(attempt).toThrow(DomainError);
    expect(attempt).toThrow(expect.objectContaining({ code: 'bad-request' }));
  });
});

describe('isUsableHost', () => {
  it.each(['localhost', 'example.org.', 'a_b.example:80', '127.0.0.1:3000', '[::1]:3000', 'xn--bcher-kva.example'])(
    'accepts %s',
    (host) => expect(isUsableHost(host)).toBe(true),
  );

  it.each(['', ' ', 'a b', 'a:b', 'a:99999', '[::1', 'a#b', 'a?b', 'a\\b', '-', 'é', 'a%2fb', '1.2.3.999'])(
    'refuses %p',
    (host) => expect(isUsableHost(host)).toBe(false),
  );

  it('accepts only what stays the authority of a URL', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'a1.:-/@[]%#?\\ _'), maxLength: 12 }), (host) => {
        fc.pre(isUsableHost(host));
        const url = new URL(`http://${host}/x`);
        expect([url.username, url.password, url.pathname, url.search, url.hash]).toEqual(['', '', '/x', '', '']);
      }),
    );
  });
});
