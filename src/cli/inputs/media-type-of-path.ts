import { extname } from 'node:path';

/** Bytes of which nothing is known (RFC 2046 section 4.5.1). */
export const OCTETS = 'application/octet-stream';

/** Common types of geospatial and plain data; a schema that names several is served by `;type=` for the rest. */
const TYPES: Readonly<Record<string, string>> = {
  '.json': 'application/json',
  '.geojson': 'application/geo+json',
  '.txt': 'text/plain',
  '.csv': 'text/csv',
  '.html': 'text/html',
  '.xml': 'application/xml',
  '.gml': 'application/gml+xml',
  '.kml': 'application/vnd.google-earth.kml+xml',
  '.tif': 'image/tiff',
  '.tiff': 'image/tiff',
  '.jp2': 'image/jp2',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.pdf': 'application/pdf',
  '.zip': 'application/zip',
  '.nc': 'application/x-netcdf',
  '.gpkg': 'application/geopackage+sqlite3',
  '.yaml': 'application/yaml',
  '.bin': OCTETS,
};

/** The media type of a file by the ending of its name; nothing when it is not a usual one. */
export function mediaTypeOfPath(path: string): string | undefined {
  return TYPES[extname(path).toLowerCase()];
}

/** The usual ending of files of a media type, with its dot; empty when unknown. */
export function extensionOf(mediaType: string): string {
  const bare = mediaType.split(';', 1)[0].trim().toLowerCase();
  const known = Object.entries(TYPES).find(([, type]) => type === bare)?.[0];
  return known ?? (bare.endsWith('+json') ? '.json' : bare.endsWith('+xml') ? '.xml' : '');
}
