import type { Type } from '@nestjs/common';
import { inputsOf } from '../../processes/decorators/input.decorator.js';
import type { InputOptions } from '../../processes/decorators/process-options.js';
import type { FaultCollector } from '../../processes/definition/invalid-process.error.js';
import type { OgcSchema } from '../../processes/process-description.js';
import { BLOCK_TYPE, blockReferenceSchema } from '../../processes/schema/block-reference.js';
import { DtoSchemaError, DtoSchemaReader, isSelfContained } from '../../processes/schema/dto-schema.reader.js';
import type { PropertySchema } from '../../processes/schema/dto-schema.reader.js';
import { checkOgcSchema } from '../../processes/schema/ogc-keywords.js';
import { destinationsOf } from '../decorators/field.decorator.js';
import { secretsOf } from '../decorators/secret.decorator.js';

/** The type of the blocks that a secret may be taken from. */
export const SECRET_TYPE = 'secret';

/** A property of the documents of a type of block. */
export interface BlockField {
  readonly name: string;
  /** What a document may hold there. */
  readonly schema: OgcSchema;
  readonly optional: boolean;
  /** Encrypted, and never shown. */
  readonly isSecret: boolean;
  /** Says where the secrets of the block are sent. */
  readonly isDestination: boolean;
  /** Types of the blocks that it may refer to. */
  readonly blockTypes: readonly string[];
  readonly default?: unknown;
}

/** Reads the fields of a class with `@Block()`, base classes first; reports what cannot be described. */
export function readFields(type: Type, faults: FaultCollector): BlockField[] {
  const properties = describe(type, faults);
  const secrets = secretsOf(type);
  for (const name of secrets) {
    if (!inputsOf(type).has(name)) faults.add(name, 'has @Secret() without @Field(); put @Field() on it as well.');
  }
  return [...inputsOf(type)].flatMap(([name, options]) => {
    const property = properties?.get(name);
    return property ? [readField(type, name, options, property, secrets.has(name), faults)] : [];
  });
}

function describe(type: Type, faults: FaultCollector): Map<string, PropertySchema> | undefined {
  try {
    return new DtoSchemaReader().properties(type);
  } catch (error) {
    if (!(error instanceof DtoSchemaError)) throw error;
    faults.add('', error.message);
    return undefined;
  }
}

function readField(
  type: Type,
  name: string,
  options: InputOptions,
  { schema: whole, optional }: PropertySchema,
  isSecret: boolean,
  faults: FaultCollector,
): BlockField {
  const { title, description, block } = options;
  const { default: fallback, ...schema } = whole;
  if (!isSelfContained(schema)) {
    faults.add(
      name,
      'has no schema: neither validators nor TypeScript say what it holds; add a class-validator decorator such as @IsString(), or `schema: {...}`.',
    );
  }
  const blockTypes = block === undefined ? [] : typeof block === 'string' ? [block] : block;
  for (const named of blockTypes) {
    if (!BLOCK_TYPE.test(named)) faults.add(name, `names the type of block ${JSON.stringify(named)}, which cannot be.`);
  }
  if (isSecret) checkSecret(name, schema, fallback, blockTypes, faults);
  const declared = Reflect.getMetadata('design:type', type.prototype, name) as unknown;
  if (typeof declared === 'function' && blockTypes.length === 0 && secretsOf(declared).size > 0) {
    faults.add(name, 'has @Secret() inside; secrets are properties of the block itself, or of a block it refers to.');
  }
  const described: OgcSchema = {
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    ...(isSecret ? secretSchema(schema) : schema),
    ...(fallback !== undefined && { default: fallback }),
  };
  checkOgcSchema(described, `${name}.schema`, faults);
  return {
    name,
    schema: described,
    optional,
    isSecret,
    isDestination: destinationsOf(type).has(name),
    blockTypes: isSecret && schema.type === 'string' ? [SECRET_TYPE] : blockTypes,
    ...(fallback !== undefined && { default: fallback }),
  };
}

function checkSecret(
  name: string,
  schema: OgcSchema,
  fallback: unknown,
  blockTypes: readonly string[],
  faults: FaultCollector,
): void {
  if (blockTypes.length > 0) faults.add(name, 'is a block; mark the secrets in that block with @Secret() instead.');
  else if (isSelfContained(schema) && schema.type !== 'string' && schema.type !== 'object') {
    faults.add(name, 'is a secret that is neither text nor an object; give it one of these types.');
  }
  if (fallback !== undefined) faults.add(name, 'is a secret with a default, which everybody could read; remove it.');
}

/** Text may be given as it is, or as a reference to a block that holds it. */
function secretSchema(schema: OgcSchema): OgcSchema {
  if (schema.type !== 'string') return { ...schema, writeOnly: true };
  return { oneOf: [{ ...schema, format: 'password' }, blockReferenceSchema([SECRET_TYPE])], writeOnly: true };
}
