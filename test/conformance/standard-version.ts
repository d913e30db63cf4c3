export type StandardVersion = '1.0' | '2.0';

/** URI of a version of OGC API - Processes - Part 1, without a trailing slash. */
export function standardOf(version: StandardVersion): string {
  return `http://www.opengis.net/spec/ogcapi-processes-1/${version}`;
}
