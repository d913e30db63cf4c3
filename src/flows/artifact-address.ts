/** Web addresses, and references into storages as inputs have them. An address without a scheme is one of the web. */
const SCHEMES: readonly string[] = ['http:', 'https:', 's3:', 'block:'];
const BASE = 'https://base.invalid';

/**
 * The address of a link or an image, unless a browser that follows it would run it, or read it from its own machine.
 * @throws TypeError for any other address
 */
export function artifactAddress(key: string, type: 'link' | 'image', href: unknown): string {
  if (typeof href === 'string' && (isSafe(href) || (type === 'image' && /^data:image\//i.test(href)))) return href;
  const given = JSON.stringify(href) ?? String(href);
  const data = type === 'image' ? ', or with data:image/' : '';
  throw new TypeError(
    `The artifact "${key}" cannot lead to ${given.length > 200 ? `${given.slice(0, 200)} ...` : given}: its address ` +
      `is text that begins with http:, https:, s3: or block:${data}, or that is relative.`,
  );
}

/** Read as a browser does, which overlooks blanks and line breaks in a scheme. */
function isSafe(href: string): boolean {
  return URL.canParse(href, BASE) && SCHEMES.includes(new URL(href, BASE).protocol);
}
