import { Injectable } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { Settings } from '../../config/settings.js';
import { MediaType } from '../media-type.js';
import { baseUrl } from './base-url.js';
import type { Link } from './link.js';

/**
 * Builds the absolute URLs and links of responses, right behind proxies and under the global prefix of a host
 * application. Paths are those of the API, from its landing page: `/jobs/17`.
 */
@Injectable()
export class LinkBuilder {
  constructor(
    private readonly settings: Settings,
    private readonly application: ApplicationConfig,
  ) {}

  /**
   * @param path starts with a slash, segments already percent-encoded; empty for the base itself
   * @throws DomainError `bad-request` when the request names no usable host
   */
  url(request: FastifyRequest, path: string): string {
    return `${baseUrl(request, this.settings, this.mountPath())}${path}`;
  }

  /** A link to a resource of the API; `type` defaults to `application/json`. */
  to(request: FastifyRequest, path: string, rel: string, members: { type?: string; title?: string } = {}): Link {
    return { href: this.url(request, path), rel, type: MediaType.json, ...members };
  }

  /** The absolute URL of the request itself, with its query. */
  self(request: FastifyRequest): string {
    const mount = this.mountPath();
    const target = pathAndQuery(request.originalUrl);
    return this.url(request, target.startsWith(mount) ? target.slice(mount.length) : target);
  }

  private mountPath(): string {
    const prefix = this.application.getGlobalPrefix().replace(/^\/+|\/+$/g, '');
    return prefix === '' ? '' : `/${prefix}`;
  }
}

/** A request may name its target by an absolute URL (RFC 9112 section 3.2.2). */
function pathAndQuery(target: string): string {
  return target.startsWith('/') ? target : target.replace(/^[^/]*\/\/[^/?]*/, '');
}
