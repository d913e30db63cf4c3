import * as cv from 'class-validator';
import type { ValidationMetadata } from 'class-validator/types/metadata/ValidationMetadata.js';

type JsonSchema = Record<string, unknown>;
type Converter = (meta: ValidationMetadata) => JsonSchema;

/** The conditional metadata of `@IsOptional()`, as opposed to `@ValidateIf()`. */
export function isOptionalMark(meta: ValidationMetadata): boolean {
  return meta.type === cv.ValidationTypes.CONDITIONAL_VALIDATION && meta.name === cv.IS_OPTIONAL;
}

/**
 * Validators that a schema expresses fully. Refinements such as `@Min()` carry no type of their own: the type comes from
 * `@IsInt()` and the like, or from TypeScript, so that the order of decorators does not matter.
 */
const EXACT: Readonly<Record<string, Converter>> = {
  [cv.ValidationTypes.WHITELIST]: () => ({}),
  [cv.ValidationTypes.CONDITIONAL_VALIDATION]: () => ({}),
  [cv.IS_DEFINED]: () => ({}),
  [cv.IS_STRING]: () => ({ type: 'string' }),
  [cv.IS_BOOLEAN]: () => ({ type: 'boolean' }),
  [cv.IS_INT]: () => ({ type: 'integer' }),
  [cv.IS_NUMBER]: () => ({ type: 'number' }),
  [cv.IS_ARRAY]: () => ({ type: 'array' }),
  [cv.IS_OBJECT]: () => ({ type: 'object' }),
  [cv.MIN]: ({ constraints }) => ({ minimum: constraints[0] }),
  [cv.MAX]: ({ constraints }) => ({ maximum: constraints[0] }),
  [cv.IS_POSITIVE]: () => ({ exclusiveMinimum: 0 }),
  [cv.IS_NEGATIVE]: () => ({ exclusiveMaximum: 0 }),
  [cv.IS_DIVISIBLE_BY]: ({ constraints }) => ({ multipleOf: constraints[0] }),
  [cv.MIN_LENGTH]: ({ constraints }) => ({ minLength: constraints[0] }),
  [cv.MAX_LENGTH]: ({ constraints }) => ({ maxLength: constraints[0] }),
  [cv.IS_LENGTH]: ({ constraints: [minLength, maxLength] }) =>
    maxLength === undefined ? { minLength } : { minLength, maxLength },
  [cv.MATCHES]: (meta) => (isPlainPattern(meta) ? { pattern: (meta.constraints[0] as RegExp).source } : {}),
  [cv.IS_ENUM]: ({ constraints }) => oneOfValues(enumValues(constraints[0])),
  [cv.IS_IN]: ({ constraints }) => oneOfValues(constraints[0]),
  [cv.IS_NOT_IN]: ({ constraints }) => ({ not: { enum: constraints[0] } }),
  [cv.EQUALS]: ({ constraints }) => oneOfValues([constraints[0]]),
  [cv.NOT_EQUALS]: ({ constraints }) => ({ not: { enum: [constraints[0]] } }),
  [cv.ARRAY_MIN_SIZE]: ({ constraints }) => ({ type: 'array', minItems: constraints[0] }),
  [cv.ARRAY_MAX_SIZE]: ({ constraints }) => ({ type: 'array', maxItems: constraints[0] }),
  [cv.ARRAY_NOT_EMPTY]: () => ({ type: 'array', minItems: 1 }),
  [cv.ARRAY_UNIQUE]: () => ({ type: 'array', uniqueItems: true }),
};

/**
 * Validators whose schema says less than they do, where the library's own schema is missing, too strict, or depends on
 * the order of decorators. class-validator itself runs for these after the schema.
 */
const APPROXIMATE: Readonly<Record<string, Converter>> = {
  [cv.ValidationTypes.CUSTOM_VALIDATION]: () => ({}),
  [cv.IS_NOT_EMPTY]: () => ({ not: { enum: [''] } }),
  [cv.IS_EMPTY]: () => ({}),
  [cv.IS_DATE]: () => ({ type: 'string', format: 'date-time' }),
  [cv.MIN_DATE]: () => ({ type: 'string', format: 'date-time' }),
  [cv.MAX_DATE]: () => ({ type: 'string', format: 'date-time' }),
  // Of ISO 8601 they take what no format of JSON Schema does: times without a zone, weeks, months, years.
  [cv.IS_DATE_STRING]: () => ({ type: 'string' }),
  [cv.IS_ISO8601]: () => ({ type: 'string' }),
  [cv.IS_NUMBER_STRING]: () => ({ type: 'string' }),
  [cv.IS_BOOLEAN_STRING]: () => ({ type: 'string', enum: ['true', 'false', '1', '0'] }),
  [cv.IS_HEXADECIMAL]: () => ({ type: 'string' }),
  [cv.IS_URL]: () => ({ type: 'string' }),
  [cv.IS_IP]: ({ constraints }) => ({ type: 'string', ...ipFormat(String(constraints[0] ?? '')) }),
  [cv.CONTAINS]: ({ constraints }) => ({ pattern: escapeRegExp(String(constraints[0])) }),
  [cv.NOT_CONTAINS]: ({ constraints }) => ({ not: { pattern: escapeRegExp(String(constraints[0])) } }),
  [cv.ARRAY_CONTAINS]: () => ({ type: 'array' }),
  [cv.ARRAY_NOT_CONTAINS]: () => ({ type: 'array' }),
};

/** Converters for class-validator-jsonschema, by the name of the validator. */
export const VALIDATOR_SCHEMAS: Readonly<Record<string, Converter>> = { ...APPROXIMATE, ...EXACT };

/** Whether the schema alone decides what this validator decides, so that class-validator need not run for it. */
export function isExact(meta: ValidationMetadata): boolean {
  const name = validatorName(meta);
  if (name === cv.ValidationTypes.NESTED_VALIDATION) return true;
  if (name === cv.ValidationTypes.CONDITIONAL_VALIDATION) return isOptionalMark(meta);
  if (name === cv.MATCHES) return isPlainPattern(meta);
  if (name === cv.IS_NUMBER)
    return (meta.constraints[0] as cv.IsNumberOptions | undefined)?.maxDecimalPlaces === undefined;
  if (name === cv.ARRAY_UNIQUE) return meta.constraints?.[0] === undefined;
  return Object.hasOwn(EXACT, name);
}

/** A schema has no place for flags. Those for all matches and for their indices do not change whether there is one. */
function isPlainPattern({ constraints }: ValidationMetadata): boolean {
  return /^[dgu]*$/.test((constraints[0] as RegExp).flags);
}

function validatorName(meta: ValidationMetadata): string {
  if (!meta.constraintCls) return meta.type;
  const [constraint] = cv.getMetadataStorage().getTargetValidatorConstraints(meta.constraintCls);
  return constraint?.name ?? meta.type;
}

function oneOfValues(values: unknown[]): JsonSchema {
  const [type, ...others] = new Set(values.map((value) => typeof value));
  return others.length === 0 && (type === 'string' || type === 'number' || type === 'boolean')
    ? { type, enum: values }
    : { enum: values };
}

/** The values of a TypeScript enum, without the names that a numeric enum maps back to. */
function enumValues(enumeration: Record<string, unknown>): unknown[] {
  return Object.entries(enumeration)
    .filter(([key, value]) => !(typeof value === 'string' && String(Number(key)) === key && value in enumeration))
    .map(([, value]) => value);
}

function ipFormat(version: string): JsonSchema {
  if (version === '4' || version === '6') return { format: `ipv${version}` };
  return { anyOf: [{ format: 'ipv4' }, { format: 'ipv6' }] };
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
