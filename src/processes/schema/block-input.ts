import { isJsonObject } from '../../ogc/json-object.js';
import type { OgcSchema } from '../process-description.js';
import { BLOCK_MEMBER, blockReferenceSchema } from './block-reference.js';

/** Types of the blocks that may stand in the place of a value, by input id. */
export type BlockInputs = ReadonlyMap<string, readonly string[]>;

/** Whether a value of an input that takes blocks means one: no object with `$block` is a value of such an input. */
export function meansBlock(value: unknown): boolean {
  return isJsonObject(value) && Object.hasOwn(value, BLOCK_MEMBER);
}

/**
 * The schema of an input that takes a value or a reference to a block; no value fits both. Alternatives of the value
 * stay alternatives of the whole, for those who choose among them by media type.
 */
export function withBlocks({ default: fallback, ...declared }: OgcSchema, types: readonly string[]): OgcSchema {
  const hasOnlyAlternatives = Object.keys(declared).join() === 'oneOf';
  const values = hasOnlyAlternatives ? declared.oneOf! : [declared];
  return {
    oneOf: [...values.map(withoutReferences), blockReferenceSchema(types)],
    ...(fallback !== undefined && { default: fallback }),
  };
}

/** The part of a schema made by {@link withBlocks} that values fit. */
export function valueSchemaOf({ oneOf }: OgcSchema): OgcSchema {
  const values = oneOf!.slice(0, -1);
  return values.length === 1 ? values[0] : { oneOf: values };
}

function withoutReferences(schema: OgcSchema): OgcSchema {
  const mayBeObject = schema.type === undefined || schema.type === 'object';
  if (!mayBeObject || schema.not !== undefined) return schema;
  return { ...schema, not: { type: 'object', required: [BLOCK_MEMBER] } };
}

/** The ids of the inputs in which blocks are referred to. @param values by input id, as sent */
export function inputsWithBlocks(takers: BlockInputs | undefined, values: Readonly<Record<string, unknown>>): string[] {
  return [...(takers?.keys() ?? [])].filter((id) => {
    const value = Object.hasOwn(values, id) ? values[id] : undefined;
    return Array.isArray(value) ? value.some(meansBlock) : meansBlock(value);
  });
}
