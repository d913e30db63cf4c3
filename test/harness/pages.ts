import type { Client } from './client.js';

export interface TestLink {
  readonly href: string;
  readonly rel: string;
  readonly type?: string;
}

export interface Page {
  readonly links: readonly TestLink[];
}

/** The URL of the link of a relation. */
export function linkOf({ links }: Page, rel: string): string | undefined {
  return links.find((link) => link.rel === rel)?.href;
}

/**
 * Reads a list from its first page to the last by its links.
 * @param between is called after each page that has a successor
 */
export async function pagesOf<T extends Page>(
  client: Client,
  path: string,
  { rel = 'next', between }: { rel?: 'next' | 'prev'; between?: () => Promise<unknown> } = {},
): Promise<T[]> {
  const pages: T[] = [];
  let next: string | undefined = path;
  while (next !== undefined) {
    const page: T = await client.getJson<T>(next);
    pages.push(page);
    next = linkOf(page, rel)?.slice(client.base.length);
    if (next !== undefined) await between?.();
  }
  return pages;
}
