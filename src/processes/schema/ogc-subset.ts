import { isJsonObject } from '../../ogc/json-object.js';
import type { OgcSchema } from '../process-description.js';

type RawSchema = Record<string, unknown>;

/**
 * Rewrites a schema produced by a library into the OGC 1.0 subset: numeric exclusive bounds become boolean ones,
 * `const` becomes `enum`, `examples` becomes `example`, the null type becomes `nullable`. What has no counterpart is
 * left as it is, so that the check of keywords reports it.
 */
export function toOgcSubset(raw: RawSchema): OgcSchema {
  const schema: RawSchema = { ...raw };
  rewriteBound(schema, 'exclusiveMinimum', 'minimum', Math.max);
  rewriteBound(schema, 'exclusiveMaximum', 'maximum', Math.min);
  if ('const' in schema) {
    schema.enum = [schema.const];
    delete schema.const;
  }
  if (Array.isArray(schema.examples)) {
    schema.example = schema.examples[0];
    delete schema.examples;
  }
  rewriteNull(schema);
  for (const keyword of ['not', 'items', 'additionalProperties']) {
    if (isJsonObject(schema[keyword])) schema[keyword] = toOgcSubset(schema[keyword]);
  }
  for (const keyword of ['allOf', 'oneOf', 'anyOf']) {
    const branches = schema[keyword];
    if (Array.isArray(branches)) schema[keyword] = branches.map((branch: RawSchema) => toOgcSubset(branch));
  }
  if (isJsonObject(schema.properties)) {
    schema.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, member]) => [name, toOgcSubset(member as RawSchema)]),
    );
  }
  return schema;
}

function rewriteBound(
  schema: RawSchema,
  exclusive: string,
  inclusive: string,
  tighter: (a: number, b: number) => number,
): void {
  const bound = schema[exclusive];
  if (typeof bound !== 'number') return;
  const other = schema[inclusive];
  if (typeof other === 'number' && tighter(bound, other) !== bound) {
    delete schema[exclusive];
    return;
  }
  schema[inclusive] = bound;
  schema[exclusive] = true;
}

function rewriteNull(schema: RawSchema): void {
  if (isJsonObject(schema.not) && schema.not.type === 'null') delete schema.not;
  if (Array.isArray(schema.type)) {
    const types: unknown[] = schema.type.filter((type) => type !== 'null');
    if (types.length < schema.type.length) schema.nullable = true;
    if (types.length === 1) schema.type = types[0];
  }
  for (const keyword of ['oneOf', 'anyOf']) {
    const branches = schema[keyword];
    if (!Array.isArray(branches)) continue;
    const rest = branches.filter((branch: RawSchema) => branch.type !== 'null');
    if (rest.length === branches.length) continue;
    schema.nullable = true;
    schema[keyword] = rest;
  }
}
