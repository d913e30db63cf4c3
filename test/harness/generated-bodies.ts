import fc from 'fast-check';

/** A schema of an OpenAPI document, as far as values are made from it. */
export interface BodySchema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, BodySchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | BodySchema;
  readonly items?: BodySchema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly oneOf?: readonly BodySchema[];
  readonly anyOf?: readonly BodySchema[];
  readonly allOf?: readonly BodySchema[];
}

/** `components.schemas` of an OpenAPI document. */
export type SchemaComponents = Readonly<Record<string, BodySchema>>;

const DEEPEST = 5;
const KEYS = fc.constantFrom('value', 'name', 'stringInput', 'message', 'x');

/** Values that a schema allows, as far as its plain keywords say. */
export function valuesOf(schema: BodySchema, components: SchemaComponents, depth = 0): fc.Arbitrary<unknown> {
  const inner = (part: BodySchema) => valuesOf(part, components, depth + 1);
  if (depth > DEEPEST) return fc.constant('deep');
  if (schema.$ref !== undefined) return inner(components[schema.$ref.split('/').at(-1)!] ?? {});
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const alternatives = schema.oneOf ?? schema.anyOf;
  if (alternatives !== undefined) return fc.oneof(...alternatives.map(inner));
  if (schema.allOf !== undefined) {
    return fc.tuple(...schema.allOf.map(inner)).map((parts) => Object.assign({}, ...parts) as object);
  }
  switch (schema.type) {
    case 'object':
      return objectsOf(schema, inner);
    case 'array':
      return fc.array(inner(schema.items ?? {}), { minLength: schema.minItems, maxLength: (schema.minItems ?? 0) + 2 });
    case 'integer':
      return fc.integer({ min: Math.ceil(schema.minimum ?? -10), max: Math.floor(schema.maximum ?? 100) });
    case 'number':
      return fc.double({ min: schema.minimum ?? -10, max: schema.maximum ?? 100, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'string':
      return stringsOf(schema);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function objectsOf(
  { properties = {}, required = [], additionalProperties: more }: BodySchema,
  inner: (part: BodySchema) => fc.Arbitrary<unknown>,
): fc.Arbitrary<object> {
  const described = Object.fromEntries(Object.entries(properties).map(([key, part]) => [key, inner(part)]));
  const requiredKeys = required.filter((key) => key in described);
  const known = fc.record<Record<string, unknown>>(described, { requiredKeys });
  if (more === undefined || more === false) return known;
  const added = fc.dictionary(KEYS, inner(more === true ? {} : more), { maxKeys: 2 });
  return fc.tuple(known, added).map(([base, others]) => ({ ...others, ...base }));
}

function stringsOf({ format, minLength = 0 }: BodySchema): fc.Arbitrary<string> {
  if (format === 'uri') return fc.constantFrom('http://127.0.0.1:9/x', 'https://example.invalid/x');
  if (format === 'date-time') return fc.constant('2026-01-02T03:04:05Z');
  const words = fc.constantFrom('json', 'limits', 'start', 'echo', 'sample');
  return words.map((word) => word.padEnd(minLength, '.'));
}
