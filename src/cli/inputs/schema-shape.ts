import type { Schema } from '../client/ogc-documents.js';

/** What a schema lets a value be, as far as an argument on a command line has to know. */
export interface SchemaShape {
  /** JSON types; empty: the schema does not say, everything is allowed. */
  readonly types: ReadonlySet<string>;
  readonly isBbox: boolean;
  /** Media types of the alternatives that are bytes in base64; an empty string where the schema names none. */
  readonly binary: readonly string[];
  readonly values: readonly unknown[];
  readonly items?: Schema;
}

/** Bytes: `format: byte | binary` or `contentEncoding: base64 | binary` (OGC 18-062r2 section 7.11.2). */
function isBinary({ format = '', contentEncoding = '' }: Schema): boolean {
  return ['byte', 'binary'].includes(format) || ['base64', 'binary'].includes(contentEncoding.toLowerCase());
}

/** Looks through `allOf`, `oneOf` and `anyOf`; what it cannot know (a `$ref`, a `not`) it leaves open. */
export function shapeOf(schema: Schema = {}): SchemaShape {
  const types = new Set<string>();
  const binary: string[] = [];
  const values: unknown[] = [];
  let isBbox = false;
  let items: Schema | undefined;
  const visit = (node: Schema) => {
    if (node.format === 'ogc-bbox' || /bbox(\.yaml|\.json)?$/.test(node.$ref ?? '')) isBbox = true;
    if (isBinary(node)) {
      types.add('binary');
      binary.push(node.contentMediaType ?? '');
    } else {
      for (const type of [node.type ?? []].flat()) types.add(type);
    }
    if (node.nullable) types.add('null');
    values.push(...(node.enum ?? []));
    items ??= node.items;
    for (const branch of [node.allOf, node.oneOf, node.anyOf]) branch?.forEach(visit);
  };
  visit(schema);
  return { types, isBbox, binary, values, items };
}

/** A short name of what a schema wants: `number`, `a | b`, `string | object`, `base64 (image/tiff)`, `bbox`. */
export function nameOfSchema(schema: Schema = {}): string {
  const shape = shapeOf(schema);
  if (shape.isBbox) return 'bbox';
  if (shape.values.length > 0) return shape.values.map((value) => JSON.stringify(value)).join(' | ');
  const names = [...shape.types].map((type) => {
    if (type === 'binary') {
      const mediaTypes = shape.binary.filter((mediaType) => mediaType !== '');
      return mediaTypes.length > 0 ? `base64 (${mediaTypes.join(', ')})` : 'base64';
    }
    return type === 'array' && shape.items ? `array of ${nameOfSchema(shape.items)}` : type;
  });
  return names.join(' | ') || 'any';
}
