import { isJsonObject } from '../../ogc/json-object.js';
import type { OgcSchema } from '../process-description.js';

/**
 * Whether a JSON value is of a schema's type; every value is of a type left open. A number counts as an integer
 * whatever its fraction, for the validation to complain about.
 */
export function isOfType(value: unknown, type: OgcSchema['type']): boolean {
  switch (type) {
    case undefined:
      return true;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isJsonObject(value);
    case 'integer':
      return typeof value === 'number';
    default:
      return typeof value === type;
  }
}
