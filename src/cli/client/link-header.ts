/** A link of a `Link` header (RFC 8288). */
export interface HeaderLink {
  readonly href: string;
  readonly rel?: string;
  readonly type?: string;
  readonly title?: string;
}

const LINK = /<([^>]*)>((?:\s*;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^",;\s]*))*)/g;
const PARAMETER = /;\s*([\w*-]+)\s*=\s*(?:"([^"]*)"|([^",;\s]*))/g;

/** Reads the links of one or several headers, with commas in targets and titles. */
export function readLinks(header: string | readonly string[] | undefined): HeaderLink[] {
  const text = [header ?? []].flat().join(',');
  return [...text.matchAll(LINK)].map(([, href, parameters]) => {
    const named = [...parameters.matchAll(PARAMETER)].map(([, name, quoted, plain]) => [
      name.toLowerCase(),
      quoted ?? plain,
    ]);
    return { href, ...(Object.fromEntries(named) as Omit<HeaderLink, 'href'>) };
  });
}
