import { isJsonObject } from '../ogc/json-object.js';
import type { InputDescription, OgcSchema, ProcessDescription } from '../processes/process-description.js';
import { isRequired } from './process-schemas.js';

/**
 * An execute request that works, made of the values that the author of the process gave as `example` of its inputs.
 * @returns nothing when a required input has none; a value made up from its type would be valid, but rarely make sense
 */
export function executeExample({ inputs }: ProcessDescription): { inputs: Record<string, unknown> } | undefined {
  const chosen: Record<string, unknown> = {};
  for (const [id, input] of Object.entries(inputs)) {
    const value = exampleOf(input.schema);
    if (value === undefined && isRequired(input)) return undefined;
    if (value !== undefined) chosen[id] = asSent(value, input);
  }
  return { inputs: chosen };
}

function exampleOf(schema: OgcSchema): unknown {
  return schema.example ?? [schema.oneOf, schema.anyOf].flat().find((branch) => branch?.example !== undefined)?.example;
}

/** Objects are qualified, except bounding boxes (OGC 18-062r2 /req/core/process-execute-input-inline-object). */
function asSent(value: unknown, { minOccurs = 1, maxOccurs = 1 }: InputDescription): unknown {
  const one = isJsonObject(value) && !('bbox' in value) ? { value } : value;
  return maxOccurs === 1 ? one : Array.from({ length: Math.max(minOccurs, 1) }, () => one);
}
