import type { OgcSchema } from '../processes/process-description.js';

/** A schema of OpenAPI 3.0; its media type, for which 3.0 has no keyword, becomes one again in 3.1. */
export type OpenApiSchema = Omit<
  OgcSchema,
  | 'contentMediaType'
  | 'contentEncoding'
  | 'contentSchema'
  | 'not'
  | 'allOf'
  | 'oneOf'
  | 'anyOf'
  | 'items'
  | 'properties'
  | 'additionalProperties'
> & {
  $ref?: string;
  not?: OpenApiSchema;
  allOf?: OpenApiSchema[];
  oneOf?: OpenApiSchema[];
  anyOf?: OpenApiSchema[];
  items?: OpenApiSchema;
  properties?: Record<string, OpenApiSchema>;
  additionalProperties?: OpenApiSchema | boolean;
  'x-contentMediaType'?: string;
};

/**
 * Writes a schema of a process description with the keywords of OpenAPI 3.0, for a value inside JSON: bytes are base64,
 * which is `format: byte` there. `oneOf` becomes `anyOf`: what tells the alternatives of a process apart is often a
 * `format` such as geojson-feature, which other tools do not know, so that to them more than one alternative fits.
 */
export function toOpenApiSchema(schema: OgcSchema): OpenApiSchema {
  const { contentMediaType, contentEncoding, contentSchema: _contentSchema, ...rest } = schema;
  const { not, allOf, oneOf, anyOf, items, properties, additionalProperties, ...plain } = rest;
  const all = (branches: OgcSchema[]) => branches.map(toOpenApiSchema);
  const isBase64 = schema.type === 'string' && (/^base64/i.test(contentEncoding ?? '') || schema.format === 'binary');
  return {
    ...plain,
    ...(isBase64 && { format: 'byte' }),
    ...(contentMediaType !== undefined && { 'x-contentMediaType': contentMediaType }),
    ...(not && { not: toOpenApiSchema(not) }),
    ...branches(allOf && all(allOf), oneOf && all(oneOf), anyOf && all(anyOf)),
    // OpenAPI 3.0 demands items wherever the type is array.
    ...(items ? { items: toOpenApiSchema(items) } : schema.type === 'array' && { items: {} }),
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([name, node]) => [name, toOpenApiSchema(node)])),
    }),
    ...(additionalProperties !== undefined && {
      additionalProperties:
        typeof additionalProperties === 'boolean' ? additionalProperties : toOpenApiSchema(additionalProperties),
    }),
  };
}

function branches(
  allOf: OpenApiSchema[] = [],
  oneOf?: OpenApiSchema[],
  anyOf?: OpenApiSchema[],
): Pick<OpenApiSchema, 'allOf' | 'anyOf'> {
  if (oneOf && anyOf) return { allOf: [...allOf, { anyOf: oneOf }, { anyOf }] };
  const alternatives = oneOf ?? anyOf;
  return { ...(allOf.length > 0 && { allOf }), ...(alternatives && { anyOf: alternatives }) };
}
