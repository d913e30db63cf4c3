import type { Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { InputFile } from '../input-file.js';
import { needsClassTransformer } from '../schema/dto-needs.js';

/** Turns validated values into an instance of the inputs' DTO. */
export type InputReviver = (values: Record<string, unknown>) => Record<string, unknown>;

/** Decides once whether class-transformer is needed; without it a DTO is filled by plain assignment. */
export function makeReviver(dto: Type | undefined, ids: readonly string[]): InputReviver {
  if (!dto) return (values) => values;
  const make = dto as Type<Record<string, unknown>>;
  if (!needsClassTransformer(dto)) return (values) => assign(new make(), values, ids);
  return (values) => {
    const { plain, files } = withoutFiles(values, ids);
    return Object.assign(plainToInstance(make, plain), files);
  };
}

function assign(instance: Record<string, unknown>, values: Record<string, unknown>, ids: readonly string[]) {
  for (const id of ids) {
    if (Object.hasOwn(values, id) && values[id] !== undefined) instance[id] = values[id];
  }
  return instance;
}

/** class-transformer would copy the files it meets; they pass beside it. */
function withoutFiles(values: Record<string, unknown>, ids: readonly string[]) {
  const plain: Record<string, unknown> = {};
  const files: Record<string, unknown> = {};
  for (const id of ids) {
    if (!Object.hasOwn(values, id)) continue;
    const value = values[id];
    const hasFile =
      value instanceof InputFile || (Array.isArray(value) && value.some((item) => item instanceof InputFile));
    (hasFile ? files : plain)[id] = value;
  }
  return { plain, files };
}
