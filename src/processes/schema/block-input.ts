import { isJsonObject } from '../../ogc/json-object.js';
import type { OgcSchema } from '../process-description.js';
import { BLOCK_MEMBER, blockReferenceSchema } from './block-reference.js';

/** Types of the blocks that may stand in the place of a value, by input id. */
export type BlockInputs = ReadonlyMap<string, readonly string[]>;

/** Whether a value of an input that takes blocks means one: no object with `$block` is a value of such an input. */
export function meansBlock(value: unknown): boolean {
  return isJsonObject(value) && Object.hasOwn(value, BLOCK_MEMBER);
}

/** The schema of an input that takes a value or a reference to a block; no value fits both. */
export function withBlocks({ default: fallback, ...declared }: OgcSchema, types: readonly string[]): OgcSchema {
  const mayBeObject = declared.type === undefined || declared.type === 'object';
  const value =
    mayBeObject && declared.not === undefined
      ? { ...declared, not: { type: 'object' as const, required: [BLOCK_MEMBER] } }
      : declared;
  return { oneOf: [value, blockReferenceSchema(types)], ...(fallback !== undefined && { default: fallback }) };
}

/** The part of a schema made by {@link withBlocks} that values fit. */
export function valueSchemaOf({ oneOf }: OgcSchema): OgcSchema {
  return oneOf![0];
}

/** The ids of the inputs in which blocks are referred to. @param values by input id, as sent */
export function inputsWithBlocks(takers: BlockInputs | undefined, values: Readonly<Record<string, unknown>>): string[] {
  return [...(takers?.keys() ?? [])].filter((id) => {
    const value = Object.hasOwn(values, id) ? values[id] : undefined;
    return Array.isArray(value) ? value.some(meansBlock) : meansBlock(value);
  });
}
