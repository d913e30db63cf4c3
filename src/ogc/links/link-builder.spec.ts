import { describe, expect, it } from '@jest/globals';
import { ApplicationConfig } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { Settings } from '../../config/settings.js';
import { LinkBuilder } from './link-builder.js';

const request = (originalUrl: string) =>
  ({ headers: {}, host: 'a.example', protocol: 'http', originalUrl, raw: {} }) as unknown as FastifyRequest;

function builder(prefix = '', environment: Record<string, string> = {}): LinkBuilder {
  const application = new ApplicationConfig();
  application.setGlobalPrefix(prefix);
  return new LinkBuilder(Settings.parse(environment), application);
}

describe(LinkBuilder.name, () => {
  it('builds links below the base URL', () => {
    expect(builder().to(request('/'), '/jobs/1', 'monitor', { title: 'The job' })).toEqual({
      href: 'http://a.example/jobs/1',
      rel: 'monitor',
      type: 'application/json',
      title: 'The job',
    });
  });

  it.each([
    ['', '/jobs?limit=2', 'http://a.example/jobs?limit=2'],
    ['/ogc/', '/ogc/jobs?limit=2', 'http://a.example/ogc/jobs?limit=2'],
    ['ogc', '/ogc', 'http://a.example/ogc'],
    ['', 'http://other.example/jobs?f=json', 'http://a.example/jobs?f=json'],
  ])('knows the URL of the request itself under the prefix %p: %s', (prefix, target, expected) => {
    expect(builder(prefix).self(request(target))).toBe(expected);
  });

  it('puts PUBLIC_URL in the place of host and prefix', () => {
    const links = builder('ogc', { PUBLIC_URL: 'https://example.org/api/v1' });
    expect(links.self(request('/ogc/jobs?limit=2'))).toBe('https://example.org/api/v1/jobs?limit=2');
  });
});
