import { BBOX_CORNERS } from '../../processes/schema/bbox-schema.js';
import { schemaRef } from './schema-ref.js';

/**
 * The standard's schemas of values, by the names of their files (OGC 18-062r2 `inlineOrRefData.yaml` and those it
 * refers to). Alternatives are `anyOf` where the standard has `oneOf`: they overlap there, a text is also base64, so
 * that, taken literally, no text would be valid.
 */
export const VALUE_SCHEMAS = {
  format: {
    type: 'object',
    description: 'Media type, encoding and schema of a value',
    properties: {
      mediaType: { type: 'string' },
      encoding: { type: 'string' },
      schema: { anyOf: [{ type: 'string', format: 'url' }, { type: 'object' }] },
    },
  },
  binaryInputValue: { type: 'string', format: 'byte', description: 'Bytes in base64' },
  bbox: {
    type: 'object',
    description: 'A bounding box: lower corner, then upper corner, with or without heights',
    required: ['bbox'],
    properties: {
      bbox: BBOX_CORNERS,
      crs: {
        type: 'string',
        format: 'uri',
        default: 'http://www.opengis.net/def/crs/OGC/1.3/CRS84',
        enum: ['http://www.opengis.net/def/crs/OGC/1.3/CRS84', 'http://www.opengis.net/def/crs/OGC/0/CRS84h'],
      },
    },
  },
  inputValueNoObject: {
    description: 'A value that needs no qualification; of the objects, only a bounding box is one',
    anyOf: [
      { type: 'string' },
      { type: 'number' },
      { type: 'integer' },
      { type: 'boolean' },
      { type: 'array', items: {} },
      schemaRef('binaryInputValue'),
      schemaRef('bbox'),
    ],
  },
  inputValue: { anyOf: [schemaRef('inputValueNoObject'), { type: 'object' }] },
  qualifiedInputValue: {
    description: 'A value together with its format; objects are sent this way',
    allOf: [
      schemaRef('format'),
      { type: 'object', required: ['value'], properties: { value: schemaRef('inputValue') } },
    ],
  },
  inlineOrRefData: {
    description: 'A value, a qualified value, or a link to one',
    anyOf: [schemaRef('inputValueNoObject'), schemaRef('qualifiedInputValue'), schemaRef('link')],
  },
} as const;
