import type { OgcSchema } from '../../process-description.js';
import { BBOX_CORNERS } from '../../schema/bbox-schema.js';

/** Text or an object. */
export const MIXED_SCHEMA: OgcSchema = { oneOf: [{ type: 'string' }, { type: 'object' }] };

/** An array that is one value, not several. */
export const ARRAY_SCHEMA: OgcSchema = { type: 'array', items: { type: 'integer' }, minItems: 1, maxItems: 10 };

/** `bbox.yaml` of OGC 18-062r2 written out, without its default CRS: echo adds nothing to what was sent. */
export const BBOX_SCHEMA: OgcSchema = {
  allOf: [
    { format: 'ogc-bbox' },
    {
      type: 'object',
      required: ['bbox'],
      properties: {
        bbox: BBOX_CORNERS,
        crs: { type: 'string', format: 'uri' },
      },
    },
  ],
};

/** Text with a media type of its own. */
export const XML_SCHEMA: OgcSchema = { type: 'string', contentMediaType: 'application/xml' };

/** Seconds. */
export const PAUSE_SCHEMA: OgcSchema = { type: 'integer', minimum: 0, maximum: 60 };
