import type { Settings } from '../config/settings.js';

/** Which version of the standard shapes a response: 18-062r2 (1.0), or the 2.0 draft. */
export type Dialect = Settings['DEFAULT_DIALECT'];

const COMMON = 'http://www.opengis.net/spec/ogcapi-common-1/1.0/conf';
const VERSION_1 = 'http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf';
const VERSION_2 = 'http://www.opengis.net/spec/ogcapi-processes-1/2.0/conf';

/** Classes that hold whatever the settings say. */
const ALWAYS = [
  ...['core', 'json', 'oas30'].map((name) => `${COMMON}/${name}`),
  ...['core', 'ogc-process-description', 'json', 'oas30', 'job-list', 'callback', 'dismiss'].map(
    (name) => `${VERSION_1}/${name}`,
  ),
  ...['ogc-process-description', 'json', 'oas30', 'oas31', 'job-list', 'callback', 'dismiss', 'kvp-execute'].map(
    (name) => `${VERSION_2}/${name}`,
  ),
];

/**
 * The conformance classes this service implements in full (OGC 18-062r2 /req/core/conformance-success). A class is
 * listed only when test/conformance proves every requirement of it; a test there compares this list with its table.
 * @param defaultDialect a request of minimal form is answered in this version, so the core of 2.0 holds in full only
 * where that is 2.0
 */
export function conformanceClasses(defaultDialect: Dialect): string[] {
  return defaultDialect === '2.0' ? [...ALWAYS, `${VERSION_2}/core`] : [...ALWAYS];
}
