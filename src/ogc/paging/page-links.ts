import { LinkRelation } from '../links/link-relation.js';
import type { Link } from '../links/link.js';
import { MediaType } from '../media-type.js';

/** Where a list goes on: cursors made by `encodeCursor`; absent where there is nothing more. */
export interface PageCursors {
  readonly next?: string;
  readonly prev?: string;
}

/**
 * The links of one page of a list: self, and next and prev where they exist. They keep every other query parameter
 * (limit, filters), so following them stays within the same list (OGC 18-062r2 /rec/core/next-1 to next-3).
 * @param self absolute URL of the request with its query, from `LinkBuilder.self`
 */
export function pageLinks(self: string, cursors: PageCursors, type: string = MediaType.json): Link[] {
  const links: Link[] = [{ href: self, rel: LinkRelation.self, type }];
  if (cursors.next !== undefined) links.push({ href: withCursor(self, cursors.next), rel: LinkRelation.next, type });
  if (cursors.prev !== undefined) links.push({ href: withCursor(self, cursors.prev), rel: LinkRelation.prev, type });
  return links;
}

function withCursor(self: string, cursor: string): string {
  const url = new URL(self);
  url.searchParams.set('cursor', cursor);
  return url.href;
}
