/** Characters of a URL to call, and of the name of its host (RFC 1035 section 2.3.4: 255 octets on the wire). */
const LONGEST_URL = 2_048;
const LONGEST_HOST = 253;

/**
 * Says what is wrong with a URL that is to be called later, as far as its text tells; where it may lead is the business
 * of `AddressPolicy`.
 * @returns nothing when it can be called
 */
export function faultOfCalledUrl(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) return 'must be an absolute http or https URL';
  if (url.username !== '' || url.password !== '') return 'must not carry a user name or password';
  if (url.href.length > LONGEST_URL) return `must not be longer than ${LONGEST_URL} characters when encoded`;
  if (url.hostname.length > LONGEST_HOST) return `must name a host of at most ${LONGEST_HOST} characters`;
  return undefined;
}
