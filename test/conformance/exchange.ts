import assert from 'node:assert/strict';

/** One request and its answer, read to the end. */
export class Exchange {
  constructor(
    readonly method: string,
    readonly url: string,
    readonly response: Response,
    readonly bytes: Buffer,
  ) {}

  get status(): number {
    return this.response.status;
  }

  /** Media type without parameters, lower case; empty when there is none. */
  get mediaType(): string {
    return this.header('content-type').split(';')[0].trim().toLowerCase();
  }

  get text(): string {
    return this.bytes.toString('utf8');
  }

  /** A header, or an empty text. */
  header(name: string): string {
    return this.response.headers.get(name) ?? '';
  }

  /** Checks the status. @returns itself */
  is(...statuses: number[]): this {
    assert.ok(statuses.includes(this.status), `expected ${statuses.join(' or ')}, but ${this.summary()}`);
    return this;
  }

  /** Checks the media type. @returns itself */
  hasType(mediaType: string): this {
    assert.equal(this.mediaType, mediaType, `wrong media type: ${this.summary()}`);
    return this;
  }

  /** The body as JSON, which its media type must tell. */
  json<T = unknown>(): T {
    assert.match(this.mediaType, /^application\/(.+\+)?json$/, `not JSON: ${this.summary()}`);
    return JSON.parse(this.text) as T;
  }

  /** The links of `Link` headers (RFC 8288). */
  links(rel?: string): { href: string; rel: string }[] {
    const found = [...this.header('link').matchAll(/<([^>]*)>((?:\s*;\s*[\w*-]+(?:=(?:"[^"]*"|[^",;]*))?)*)/g)].map(
      ([, href, parameters]) => ({
        href: new URL(href, this.url).href,
        rel: /;\s*rel="?([^";]*)"?/i.exec(parameters)?.[1]?.trim() ?? '',
      }),
    );
    return rel === undefined ? found : found.filter((link) => link.rel.split(' ').includes(rel));
  }

  /** Whether an execution was refused by the process itself: a job was made for it, so its form was understood. */
  get isRefusedContent(): boolean {
    return this.status >= 400 && this.status < 500 && this.links('monitor').length > 0;
  }

  /** For messages: what was asked, and the beginning of what came back. */
  summary(): string {
    return `${this.method} ${this.url} answered ${this.status} ${this.mediaType} ${this.text.slice(0, 500)}`.trim();
  }
}
