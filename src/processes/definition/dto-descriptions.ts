import type { Type } from '@nestjs/common';
import { inputsOf } from '../decorators/input.decorator.js';
import { outputsOf } from '../decorators/output.decorator.js';
import type { InputOptions, OutputDefinition, OutputOptions } from '../decorators/process-options.js';
import type { DescriptionType, InputDescription, OgcSchema } from '../process-description.js';
import { DtoSchemaError, DtoSchemaReader } from '../schema/dto-schema.reader.js';
import type { PropertySchema } from '../schema/dto-schema.reader.js';
import { binaryAlternatives } from '../schema/binary-schema.js';
import { type BlockInputs, withBlocks } from '../schema/block-input.js';
import { BLOCK_TYPE } from '../schema/block-reference.js';
import type { FaultCollector } from './invalid-process.error.js';

/** Describes the inputs of a DTO class; reports what cannot be described. */
export function describeInputs(dto: Type, faults: FaultCollector): Record<string, InputDescription> {
  const properties = read(dto, 'inputs', faults);
  return Object.fromEntries(
    [...inputsOf(dto)].flatMap(([id, options]) => {
      const property = properties?.get(id);
      if (!property) return [];
      const path = `inputs.${id}`;
      return [[id, describeInput(options, property, path, faults)]];
    }),
  );
}

/** The inputs of a DTO class that take references to blocks. */
export function blockInputsOf(dto: Type): BlockInputs {
  const types = [...inputsOf(dto)].map(([id, options]) => [id, blockTypesOf(options)] as const);
  return new Map(types.filter(([, named]) => named.length > 0));
}

function blockTypesOf({ block }: InputOptions): readonly string[] {
  if (block === undefined) return [];
  return typeof block === 'string' ? [block] : block;
}

/** Describes the outputs of a DTO class; reports what cannot be described. */
export function describeOutputs(dto: Type, faults: FaultCollector): Record<string, OutputDefinition> {
  const properties = read(dto, 'outputs', faults);
  return Object.fromEntries(
    [...outputsOf(dto)].flatMap(([id, options]) => {
      const property = properties?.get(id);
      if (!property) return [];
      requireSchema(property.schema, `outputs.${id}`, faults);
      const { default: _default, ...schema } = property.schema;
      const optional = options.optional ?? property.optional;
      return [[id, { ...descriptive(options), schema, optional }]];
    }),
  );
}

function read(dto: Type, role: 'inputs' | 'outputs', faults: FaultCollector): Map<string, PropertySchema> | undefined {
  const marked = role === 'inputs' ? inputsOf(dto) : outputsOf(dto);
  if (marked.size === 0) {
    const decorator = role === 'inputs' ? '@Input()' : '@Output()';
    faults.add(role, `no property of the class ${dto.name} has ${decorator}; put ${decorator} on each of them.`);
  }
  try {
    return new DtoSchemaReader().properties(dto);
  } catch (error) {
    if (!(error instanceof DtoSchemaError)) throw error;
    faults.add(role, error.message);
    return undefined;
  }
}

function describeInput(
  options: InputOptions,
  { schema, optional }: PropertySchema,
  path: string,
  faults: FaultCollector,
): InputDescription {
  const maxOccurs = options.maxOccurs ?? 1;
  const minOccurs = options.minOccurs ?? (optional ? 0 : 1);
  requireSchema(schema, path, faults);
  const types = blockTypesOf(options);
  if (types.length > 0) checkBlocks(types, schema, path, faults);
  const taken = types.length > 0 ? withBlocks(schema, types) : schema;
  return { ...descriptive(options), schema: taken, minOccurs, maxOccurs };
}

function checkBlocks(types: readonly string[], schema: OgcSchema, path: string, faults: FaultCollector): void {
  for (const type of types) {
    if (BLOCK_TYPE.test(type)) continue;
    faults.add(path, `names the type of block ${JSON.stringify(type)}, which cannot be.`);
  }
  if (binaryAlternatives(schema).length > 0) {
    faults.add(path, 'is a file, and takes no block; declare it as a value, or leave `block` out.');
  }
}

function requireSchema(schema: OgcSchema, path: string, faults: FaultCollector): void {
  const { default: _default, title: _title, description: _description, ...telling } = schema;
  const silent = Object.keys(telling).length === 0 || Object.keys(telling).join() === 'contentMediaType';
  if (!silent) return;
  faults.add(
    path,
    'has no schema: neither validators nor TypeScript say what it holds; add a class-validator decorator such as @IsString(), or `schema: {...}`.',
  );
}

function descriptive({ title, description, keywords, metadata }: InputOptions | OutputOptions): DescriptionType {
  return {
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    ...(keywords && { keywords }),
    ...(metadata && { metadata }),
  };
}
