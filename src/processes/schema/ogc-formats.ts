/** URIs of the values of `format` that OGC registered start with this. */
const REGISTER = 'http://www.opengis.net/def/format/ogcapi-processes/0/';

const SHORT_CODES = ['ogc-bbox', 'geojson-geometry', 'geojson-feature', 'geojson-feature-collection'] as const;

/** A registered meaning of an object, by its short code. */
export type OgcFormat = (typeof SHORT_CODES)[number];

/** The registered format that a `format` keyword names, by short code or URI; undefined for any other. */
export function ogcFormat(format: string | undefined): OgcFormat | undefined {
  const code = format?.replace(/^https:/, 'http:').replace(REGISTER, '');
  return SHORT_CODES.find((known) => known === code);
}
