import { ApiQuery } from '@nestjs/swagger';
import { DEFAULT_LIMIT, MAXIMUM_LIMIT } from './limit.js';

/** The schema of the query parameter `limit`. */
export const LIMIT_SCHEMA = { type: 'integer', minimum: 1, maximum: MAXIMUM_LIMIT, default: DEFAULT_LIMIT } as const;

/** The query parameter `limit` in the OpenAPI document. */
export function ApiLimitQuery(): MethodDecorator {
  return ApiQuery({ name: 'limit', required: false, schema: LIMIT_SCHEMA });
}
