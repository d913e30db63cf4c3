import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Settings } from '../../config/settings.js';
import { StoredFiles } from '../../jobs/files/stored-files.js';
import { LinkBuilder } from '../../ogc/links/link-builder.js';
import { DomainError } from '../../ogc/problems/domain-error.js';
import { LinkKeys } from './link-keys.js';
import type { ResultOutput } from './result-output.js';
import { isSigned, linkSignature } from './signed-link.js';

/** Members of a query that a signed link has. */
export interface LinkQuery {
  readonly expires?: unknown;
  readonly signature?: unknown;
}

/**
 * Links to outputs that work for a while (LINK_LIFETIME): to the storage itself where that can be had by anybody with such a
 * link, else to this API with a signature.
 */
@Injectable()
export class OutputLinks {
  constructor(
    private readonly links: LinkBuilder,
    private readonly keys: LinkKeys,
    private readonly files: StoredFiles,
    private readonly settings: Settings,
  ) {}

  /** An absolute URL, for whoever sent a request. */
  of(request: FastifyRequest, jobId: string, output: ResultOutput): Promise<string> {
    return this.at(this.links.url(request, ''), jobId, output);
  }

  /** An absolute URL. @param base of the landing page, without a slash at its end */
  async at(base: string, jobId: string, output: ResultOutput): Promise<string> {
    return (await this.presigned(output)) ?? (await this.signed(base, jobId, output.id));
  }

  /**
   * Looks at the signature of a link. One without is left alone: who may read what is not decided here.
   * @throws DomainError `link-forged`, `link-expired`
   */
  async check(jobId: string, outputId: string, { expires, signature }: LinkQuery): Promise<void> {
    if (expires === undefined && signature === undefined) return;
    const linked = { jobId, outputId, expires: Number(expires) };
    const isWhole = typeof signature === 'string' && typeof expires === 'string' && /^\d{1,12}$/.test(expires);
    if (!isWhole || !isSigned(await this.keys.get(), linked, signature)) {
      throw new DomainError('link-forged', 'The signature of the link does not fit; read the results for a new link.');
    }
    if (linked.expires * 1_000 > Date.now()) return;
    throw new DomainError('link-expired', 'The time of the link is over; read the results for a new one.', { jobId });
  }

  private async presigned(output: ResultOutput): Promise<string | undefined> {
    if (output.kind !== 'file' || output.location === undefined || !this.settings.PRESIGNED_LINKS) return undefined;
    const { location, mediaType } = output;
    return await this.files.presign(location, { lifetime: this.settings.LINK_LIFETIME, mediaType });
  }

  private async signed(base: string, jobId: string, outputId: string): Promise<string> {
    const [key] = await this.keys.get();
    const expires = Math.ceil((Date.now() + this.settings.LINK_LIFETIME) / 1_000);
    const signature = linkSignature(key, { jobId, outputId, expires });
    return `${base}/jobs/${jobId}/results/${encodeURIComponent(outputId)}?expires=${expires}&signature=${signature}`;
  }
}
