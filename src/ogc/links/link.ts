import { percentEncoded } from './percent-encoding.js';

/** A link object of the OGC API family (OGC 18-062r2, link.yaml). Members without a value are left out, never null. */
export interface Link {
  /** Absolute URL. */
  readonly href: string;
  /** Relation: a registered IANA name or a URI, see `LinkRelation`. */
  readonly rel: string;
  /** Media type of what the link leads to. */
  readonly type?: string;
  readonly title?: string;
  readonly hreflang?: string;
}

/**
 * Writes links as the value of one `Link` header (RFC 8288); several links are separated by commas.
 * Characters that would end the URI or the header are percent-encoded; in titles, characters outside ASCII become `?`.
 */
export function formatLinkHeader(links: readonly Link[]): string {
  return links
    .map(({ href, rel, type, title, hreflang }) => {
      const target = `<${href.replace(/[^\x21-\x7e]|[<>"]/gu, percentEncoded)}>`;
      return `${target}${parameter('rel', rel)}${parameter('type', type)}${parameter('title', title)}${parameter('hreflang', hreflang)}`;
    })
    .join(', ');
}

function parameter(name: string, value: string | undefined): string {
  return value === undefined ? '' : `; ${name}="${quotable(value)}"`;
}

function quotable(text: string): string {
  return text.replace(/[^\x20-\x7e]/gu, '?').replace(/["\\]/g, '\\$&');
}
