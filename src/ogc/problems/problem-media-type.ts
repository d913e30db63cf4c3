import { MediaType } from '../media-type.js';

/**
 * The media type of a problem document for a client: `application/json` for one that names this type and not
 * `application/problem+json` in its Accept header, else `application/problem+json`.
 */
export function problemMediaType(accept: string | undefined): string {
  const named = new Set(
    (accept ?? '')
      .toLowerCase()
      .split(',')
      .filter((range) => !/;\s*q=0(\.0*)?\s*(;|$)/.test(range))
      .map((range) => range.split(';', 1)[0].trim()),
  );
  return named.has(MediaType.json) && !named.has(MediaType.problem) ? MediaType.json : MediaType.problem;
}
