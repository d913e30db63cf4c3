import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import { ValidationTypes } from 'class-validator';
import type { ValidationMetadata } from 'class-validator/types/metadata/ValidationMetadata.js';
import { targetConstructorToSchema } from 'class-validator-jsonschema';
import { inputsOf } from '../decorators/input.decorator.js';
import { outputsOf } from '../decorators/output.decorator.js';
import type { InputOptions, OutputOptions } from '../decorators/process-options.js';
import { InputFile } from '../input-file.js';
import type { OgcSchema } from '../process-description.js';
import { transformerMetadata } from './class-transformer-storage.js';
import { toOgcSubset } from './ogc-subset.js';
import { VALIDATOR_SCHEMAS } from './validator-schemas.js';

/** What is known of a property of a DTO. `schema` is empty when nothing says what the property holds. */
export interface PropertySchema {
  readonly schema: OgcSchema;
  /** With `@IsOptional()`, `@ValidateIf()` or a default. */
  readonly optional: boolean;
  /** What `@Input()` or `@Output()` says. */
  readonly mark: InputOptions & OutputOptions;
}

/** A DTO class that cannot be turned into a schema; the message says why and what to do. */
export class DtoSchemaError extends Error {}

/** A schema that says by itself what the value is; nothing needs to be read from the property. */
export function isSelfContained(schema: OgcSchema | undefined): boolean {
  return !!schema && ['type', 'oneOf', 'anyOf', 'allOf', 'enum'].some((keyword) => keyword in schema);
}

/**
 * Reads DTO classes: what class-validator, TypeScript (`design:type`) and initializers say about their properties.
 * Nested classes are written out in place, found by class and not by name.
 */
export class DtoSchemaReader {
  private readonly path: Type[] = [];

  /**
   * @returns the properties that carry a decorator of Sluice or a validator, in the order of declaration
   * @throws DtoSchemaError for a class that contains itself or cannot be made without arguments
   */
  properties(dto: Type): Map<string, PropertySchema> {
    if (this.path.includes(dto)) {
      const cycle = [...this.path.slice(this.path.indexOf(dto)), dto].map(({ name }) => name).join(' -> ');
      throw new DtoSchemaError(
        `the class ${dto.name} contains itself (${cycle}), which a schema without \`$ref\` cannot say; give that property a \`schema\` by hand, for instance { type: 'object' }.`,
      );
    }
    this.path.push(dto);
    try {
      return this.read(dto);
    } finally {
      this.path.pop();
    }
  }

  private read(dto: Type): Map<string, PropertySchema> {
    const generated = targetConstructorToSchema(dto, {
      additionalConverters: { ...VALIDATOR_SCHEMAS, [ValidationTypes.NESTED_VALIDATION]: (meta) => this.nested(meta) },
    });
    const known = generated.properties ?? {};
    const required = new Set(generated.required ?? []);
    const marks = new Map<string, InputOptions & OutputOptions>([...inputsOf(dto), ...outputsOf(dto)]);
    const defaults = instantiate(dto);
    const result = new Map<string, PropertySchema>();
    for (const name of new Set([...marks.keys(), ...Object.keys(known)])) {
      const mark = marks.get(name) ?? {};
      const value = mark.default ?? defaults[name];
      const validated = name in known;
      result.set(name, {
        schema: this.schemaOf(dto, name, mark, toOgcSubset((known[name] ?? {}) as Record<string, unknown>), value),
        optional: (validated && !required.has(name)) || value !== undefined,
        mark,
      });
    }
    return result;
  }

  private schemaOf(
    dto: Type,
    name: string,
    mark: InputOptions & OutputOptions,
    validated: OgcSchema,
    value: unknown,
  ): OgcSchema {
    const own = mark.schema;
    const whole = isSelfContained(own) ? {} : this.withType(dto, name, validated, value);
    // With several occurrences the property is the array of them, and the schema speaks of one.
    const read = (mark.maxOccurs ?? 1) !== 1 && whole.type === 'array' ? (whole.items ?? {}) : whole;
    const schema = { ...read, ...own };
    return {
      ...schema,
      ...(mark.format && { format: mark.format }),
      ...(mark.mediaType && { contentMediaType: mark.mediaType }),
      ...encodingOf(mark, schema),
      ...(value !== undefined && { default: value }),
    };
  }

  /** Adds what TypeScript knows where the validators say nothing about the type. */
  private withType(dto: Type, name: string, validated: OgcSchema, value: unknown): OgcSchema {
    const declared = declaredType(dto, name, value);
    if (isBytes(declared)) return { type: 'string', format: 'byte', contentEncoding: 'base64', ...validated };
    if (declared === Array && validated.type !== 'array' && isSelfContained(validated)) {
      // @ValidateNested() without `each` checks every item of an array all the same.
      return { type: 'array', items: validated };
    }
    if (isSelfContained(validated)) return this.withItems(dto, name, validated);
    const type = this.primitive(declared) ?? this.classSchema(this.transformType(dto, name) ?? declared);
    return this.withItems(dto, name, { ...type, ...validated });
  }

  private withItems(dto: Type, name: string, schema: OgcSchema): OgcSchema {
    if (schema.type !== 'array' || (schema.items && Object.keys(schema.items).length > 0)) return schema;
    const itemType = this.transformType(dto, name);
    const items = itemType && (this.primitive(itemType) ?? this.classSchema(itemType));
    return { ...schema, items: items ?? {} };
  }

  private nested(meta: ValidationMetadata): Record<string, unknown> {
    const dto = meta.target as Type;
    const mark = inputsOf(dto).get(meta.propertyName) ?? outputsOf(dto).get(meta.propertyName);
    if (isSelfContained(mark?.schema)) return {};
    const type =
      this.transformType(dto, meta.propertyName) ??
      (Reflect.getMetadata('design:type', dto.prototype, meta.propertyName) as unknown);
    return { ...this.classSchema(type) };
  }

  private transformType(dto: Type, name: string): unknown {
    const found = transformerMetadata.findTypeMetadata(dto, name) as
      ReturnType<typeof transformerMetadata.findTypeMetadata> | undefined;
    return found?.typeFunction();
  }

  private primitive(type: unknown): OgcSchema | undefined {
    if (type === String) return { type: 'string' };
    if (type === Number) return { type: 'number' };
    if (type === Boolean) return { type: 'boolean' };
    if (type === Array) return { type: 'array' };
    if (type === Date) return { type: 'string', format: 'date-time' };
    return undefined;
  }

  /** The schema of a class with described properties; nothing for `Object` and for classes that describe none. */
  private classSchema(type: unknown): OgcSchema | undefined {
    if (typeof type !== 'function' || type === Object || type === Array) return undefined;
    const properties = this.properties(type as Type);
    if (properties.size === 0) return undefined;
    const required = [...properties].filter(([, { optional }]) => !optional).map(([name]) => name);
    return {
      type: 'object',
      properties: Object.fromEntries([...properties].map(([name, { schema, mark }]) => [name, titled(schema, mark)])),
      ...(required.length > 0 && { required }),
    };
  }
}

/** TypeScript tells `Object`, or nothing, of a property that has only an initializer; then the value tells its type. */
function declaredType(dto: Type, name: string, value: unknown): unknown {
  const declared = Reflect.getMetadata('design:type', dto.prototype, name) as unknown;
  const simple = ['string', 'number', 'boolean'].includes(typeof value) || Array.isArray(value);
  return (declared === undefined || declared === Object) && simple ? (value as object).constructor : declared;
}

function titled(schema: OgcSchema, { title, description }: InputOptions): OgcSchema {
  return { ...(title && { title }), ...(description && { description }), ...schema };
}

/** Types of TypeScript that stand for a binary value. */
export function isBytes(type: unknown): boolean {
  return type === InputFile || type === Buffer || type === Uint8Array;
}

/** A binary value is marked in both ways that OGC documents use: `format: byte`, and `contentEncoding`. */
function encodingOf({ encoding, format }: InputOptions, schema: OgcSchema): OgcSchema {
  if (!encoding) return {};
  const bytes = encoding.toLowerCase() === 'base64' && (schema.type === 'string' || !isSelfContained(schema));
  return { ...(bytes && { type: 'string', format: format ?? 'byte' }), contentEncoding: encoding };
}

function instantiate(dto: Type): Record<string, unknown> {
  try {
    return new dto() as Record<string, unknown>;
  } catch (error) {
    throw new DtoSchemaError(
      `the class ${dto.name} cannot be made without arguments (${(error as Error).message}); its initializers are read as defaults, so give it a constructor without parameters.`,
      { cause: error },
    );
  }
}
